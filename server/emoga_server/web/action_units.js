/** Names of the action units of Ekman and Friesen's Facial Action Coding System, by number. */

/** @type {Record<string, string>} */
export const ACTION_UNITS = {
  1: "inner brow raiser", 2: "outer brow raiser", 4: "brow lowerer", 5: "upper lid raiser", 6: "cheek raiser",
  7: "lid tightener", 8: "lips toward each other", 9: "nose wrinkler", 10: "upper lip raiser", 11: "nasolabial deepener",
  12: "lip corner puller", 13: "sharp lip puller", 14: "dimpler", 15: "lip corner depressor", 16: "lower lip depressor",
  17: "chin raiser", 18: "lip pucker", 19: "tongue show", 20: "lip stretcher", 22: "lip funneler", 23: "lip tightener",
  24: "lip pressor", 25: "lips part", 26: "jaw drop", 27: "mouth stretch", 28: "lip suck", 29: "jaw thrust",
  30: "jaw sideways", 33: "cheek blow", 34: "cheek puff", 35: "cheek suck", 38: "nostril dilator", 41: "lid droop",
  42: "slit", 43: "eyes closed", 44: "squint", 45: "blink", 46: "wink", 61: "eyes left", 62: "eyes right", 63: "eyes up",
  64: "eyes down",
};
