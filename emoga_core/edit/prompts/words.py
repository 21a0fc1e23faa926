"""Words that grade, negate, separate, or say nothing about a face."""

from __future__ import annotations


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


ADVERBS: dict[str, float] = {
    "barely": 0.25, "hardly": 0.25, "scarcely": 0.25, "almost imperceptibly": 0.2, "imperceptibly": 0.2,
    "faintly": 0.35, "slightly": 0.45, "subtly": 0.6, "a bit": 0.5, "bit": 0.5, "a little": 0.5,
    "a little bit": 0.45, "a tad": 0.4, "a touch": 0.4, "lightly": 0.5, "mildly": 0.5, "gently": 0.5,
    "softly": 0.5, "kind of": 0.6, "sort of": 0.6, "somewhat": 0.6, "partly": 0.6, "partially": 0.6,
    "half": 0.6, "moderately": 0.7, "vaguely": 0.4, "almost": 0.75, "mostly": 0.9, "fairly": 0.85,
    "rather": 0.9, "quite": 1.0, "pretty": 1.0, "less": 0.6, "not too": 0.5, "more": 1.2, "much": 1.2,
    "very": 1.25, "really": 1.25, "so": 1.15, "too": 1.15, "truly": 1.2, "deeply": 1.25, "highly": 1.25,
    "strongly": 1.3, "broadly": 1.25, "intensely": 1.35, "super": 1.35, "incredibly": 1.4, "totally": 1.3,
    "completely": 1.3, "absolutely": 1.35, "utterly": 1.4, "extremely": 1.45, "insanely": 1.45,
    "hugely": 1.35, "exaggeratedly": 1.5, "wildly": 1.4, "a lot": 1.25, "fully": 1.3,
    "terribly": 1.35, "awfully": 1.3, "visibly": 1.0, "clearly": 1.1, "like crazy": 1.4, "loudly": 1.3,
    "out loud": 1.2, "as hell": 1.4, "wholeheartedly": 1.2,
}  # fmt: skip
"""Adverb -> factor; it grades the word that follows (or the one before, at the end of a phrase)."""

ADJECTIVES: dict[str, float] = {
    "tiny": 0.3, "faint": 0.35, "hint of": 0.3, "hint": 0.3, "trace of": 0.3, "trace": 0.3, "ghost of": 0.25,
    "touch of": 0.4, "shadow of": 0.3, "subtle": 0.6, "slight": 0.45, "light": 0.5, "mild": 0.5,
    "gentle": 0.5, "soft": 0.5, "small": 0.65, "little": 0.55, "weak": 0.45, "restrained": 0.55,
    "understated": 0.5, "discreet": 0.5, "moderate": 0.7, "medium": 0.7, "big": 1.25, "broad": 1.25,
    "wide": 1.2, "large": 1.25, "huge": 1.4, "strong": 1.3, "deep": 1.25, "bright": 1.15, "great": 1.2,
    "intense": 1.35, "extreme": 1.45, "exaggerated": 1.5, "full": 1.2, "enormous": 1.45, "dramatic": 1.35,
    "maximum": 1.5, "max": 1.5, "massive": 1.45, "powerful": 1.3, "hearty": 1.2, "over the top": 1.5,
    "heavy": 1.2,
    "pure": 1.2, "utter": 1.35, "vivid": 1.2, "big time": 1.3, "loud": 1.3, "hysterically": 1.4,
    "complete": 1.3, "total": 1.3, "uncontrollable": 1.4, "uncontrollably": 1.4, "wry": 0.8,
}  # fmt: skip
"""Adjective -> factor; it grades everything up to the noun that it stands before."""

NEGATORS: frozenset[str] = _set(
    """
    not no without never dont don't doesnt doesn't isnt isn't arent aren't didnt didn't cannot can't cant
    won't wont wouldn't shouldn't shouldnt neither avoid avoiding stop stopped remove removing lacking
    lacks lack none nothing eliminate prevent prevents wasn't weren't hasn't haven't minus
    """
)
NEGATING_PHRASES: tuple[str, ...] = (
    "instead of", "rather than", "free of", "no longer", "devoid of", "get rid of", "absence of",
    "opposed to",
)  # fmt: skip
NOT_NEGATING: tuple[str, ...] = ("not only", "not just", "not merely", "nothing but", "no matter", "no doubt")
"""Phrases that begin like a negation and are none."""

HARD_BREAKS: frozenset[str] = _set(". ; ! ? : ( ) [ ] but while yet although though")
SOFT_BREAKS: frozenset[str] = _set(", & + / - | and with plus then who whose which because when as")
LINKS: frozenset[str] = frozenset(("or", "nor"))
"""They separate phrases, but a negation goes on across them."""

SIDES: dict[str, str] = {
    "one": "right", "single": "right", "left": "left", "right": "right", "lopsided": "right",
    "crooked": "right", "asymmetric": "right", "asymmetrical": "right", "sided": "right",
}  # fmt: skip
"""Word -> the side (the subject's) to which it limits what follows."""

NOUNS: frozenset[str] = _set(
    """
    face facial expression expressions look mood appearance feeling emotion emotional emotions person man
    woman countenance guy lady girl boy human character people someone somebody subject portrait avatar
    demeanor demeanour vibe mien state
    """
)
"""Nouns that a feeling's adjective may stand before; they say nothing themselves."""

STOP_WORDS: frozenset[str] = NOUNS | _set(
    """
    mix mixture blend combination always go goes going between stick sticks a an the this that these those
    it its it's his her hers him he she they them their theirs there we us our you your i me my mine
    myself himself herself themselves itself what if how would could should can may might must shall will
    let's lets let be been being is are was were am do does did have has had having get gets getting got
    give gives giving given gave make makes making made become becomes becoming turn turns turning turned
    change changes changing changed alter alters altering apply put puts keep keeps keeping kept render
    draw drawn edit transform set into onto to of in on at for from by about around over under through
    while until so such than same like seem seems seeming appear appears appearing sound feel feels
    feeling felt please want wants wanted need needs show shows showing shown add adds adding express
    expresses expressing expressed display displaying bring imagine suppose person's man's woman's face's
    people's someone's picture image photo photograph photo's portrait's headshot video frame scene
    version girl's boy's guy's lady's subject's just only also both each all any every some bit more most
    now here again still even well very one two something anything thing things much many lot else brings
    person people pose posing wearing wears wear try trying tries start starts starting begin begins
    beginning model 3d gaussian realistic photorealistic style natural naturally overall entire whole
    slightly-ish ish kind sort type way mode it'd they're he's she's who's that's there's we're you're i'm
    because since after before during inside across toward towards against upon within pull pulled pulling
    push pushed move moved moving movement motion action activity straight mouth's eyes' muscles muscle
    visible out off own heavily too really
    """
)
"""Words without a meaning for the reader that are not worth reporting."""

REAL_WORDS: frozenset[str] = _set(
    """
    beautiful handsome pretty bald bold old young red blue green black white pale dark golden scarred
    scared sacred made maid pain paint paints painted painting train rain main brain plain hat cap glasses
    scarf ring rings sing song long along among bread beard bear wear tear hair chair fair pair stair
    stars start star stare smell small smiles smog smart mild mile miles simile similar angle angel anger
    ankle danger ranger hungry hurry marry sorry story worry worthy party parts pants faces fade fake lake
    cake take make bake tried tires tire fired fire hired wired sat say said sand salad sail mad map man
    men mail male nail shell share shore short shy sky spy soft sofa cold gold fold hold told food foot
    feet wood good mood moon noon soon brown crown grown frown drown town clown gown crow brow grow row
    low bow now how won son sun fun gun run bun cat car can cup cut bored board boat born horn corn worn
    torn warm worm form storm sick stick silk milk ill pill kill will well wall tall ball fall call hall
    mall lips tips ships chips hips clips noise nosy rose those whose house mouse month moth north south
    math path teach reach beach peach check cheese chess chin thin twin skin spin win pin ping king kind
    wind wing swing thing think drink pink lid kid lad led bed eyed dyed dye dies lies life wife knife
    nice mice dice price pride bride bridge calm palm clam claim came game name same fame tame dame lame
    happen happens chapter proof loud cloud crowd lovely lonely only open pen oven even event evil devil
    shock stock clock block flock rock sock lock glad glass gland grand brand stand hand band land end and
    bend send tend friend wonder wander under thunder winter writer painter hunter center later water
    matter letter better peace piece place plane planet plant plate late date rate fate hate gate state
    stage strange orange range cross dross dress dressed stress press grass grave brave gravel travel
    shade shape shave shame sharp tight night light sight fight right might bright flight height weight
    straight thought though sitting setting getting letting cutting putting suit shirt skirt sport spoon
    curl girl curly early pearl world word work worked walk walked walking talk talked talking taking
    dirty thirty weird words sword dead deaf dear near year years ears fears bears pears money honey
    monkey donkey turkey
    """
)
"""Words that stand for themselves: the spelling correction leaves them alone."""
