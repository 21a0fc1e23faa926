"""Re-editing an avatar's face in pictures: views, masks, editors, prompts and skin tone (phase a).

Import the submodules themselves: some of them (prompts, the list of editors) must load without torch.
"""
