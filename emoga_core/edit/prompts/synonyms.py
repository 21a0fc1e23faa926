"""Words for the recipes: every line is a recipe, its strength, and words or phrases that mean it.

Endings (-s, -ed, -ing, -ly, -ness) need no entries of their own unless they change the word.
"""

from __future__ import annotations

_LINES = """
happy 1 | happy, happiness, joyful, joy, joyous, cheerful, cheery, cheer, glad, merry, jolly, sunny
happy 1 | joyfully
happy 1.1 | delighted, delight, thrilled, overjoyed, ecstatic, elated, euphoric, jubilant, blissful, gleeful
happy 1.1 | on cloud nine, over the moon, radiant, beaming, beam, triumphant, tears of joy
content 1 | content, contented, pleased, satisfied, satisfaction, fulfilled, good mood, friendly, polite
content 1 | kind
content 1.1 | welcoming, approachable, optimistic, positive, lovely
amused 1 | amused, amusement, entertained, humorous, playful, jovial, lighthearted, light hearted, funny
excited 1 | excited, excitement, enthusiastic, enthusiasm, eager, exhilarated, hyped, ecstatically
excited 1 | energetic
loving 1 | loving, love, in love, affectionate, affection, tender, warm, warmth, adoring, caring, fond
loving 1 | sweet
loving 1 | grateful, thankful, gratitude, compassion, kindly
hopeful 1 | hopeful, hope, hoping, longing, yearning, wishful, inspired
relieved 1 | relieved, relief
proud 1 | proud, pride, confident, confidence, self assured, accomplished, victorious
smug 1 | smug, cocky, conceited, self satisfied, gloating, gloat, know it all
contemptuous 1 | contemptuous, contempt, disdainful, disdain, scornful, scorn, condescending, arrogant
contemptuous 1 | haughty
contemptuous 1 | mocking, derisive, superior, snobbish, dismissive
sad 1 | sad, sadness, unhappy, sorrowful, sorrow, gloomy, gloom, melancholic, melancholy, downcast, upset
sad 1 | mournful, dejected, glum, down in the mouth, depressed, depression, miserable, misery, morose
sad 1 | wistful
sad 1.1 | heartbroken, devastated, grieving, grief, grieve, mourning, despondent, inconsolable, hurt
lonely 1 | lonely, loneliness, abandoned, forlorn, homesick
nostalgic 1 | nostalgic, nostalgia, reminiscing
desperate 1 | desperate, despair, desperation, despairing, hopeless, anguished, anguish, tormented, helpless
disappointed 1 | disappointed, disappointment, let down, discouraged, disheartened, dismayed, regretful
disappointed 1 | regret
disappointed 0.8 | pessimistic, resigned, dissatisfied
pleading 1 | pleading, plead, begging, puppy eyes, puppy dog eyes, imploring, pitiful
ashamed 1 | ashamed, shame, guilty, guilt, remorseful, humiliated, apologetic, sorry
angry 1 | angry, anger, mad, irate, wrathful, wrath, cross, hostile, aggressive, fierce, hateful, hatred
angry 1 | hate
angry 1 | bitter, vengeful, menacing, threatening, outraged, indignant, mean, resentful
angry 1.2 | pissed off, pissed
angry 1.2 | furious, fury, livid, fuming, seething, incensed, infuriated
enraged 1 | enraged, rage, raging, enrage, berserk, feral, ferocious
annoyed 1 | annoyed, annoyance, irritated, irritation, irked, grumpy, grouchy, cranky, displeased, impatient
annoyed 1 | moody
annoyed 1 | bothered, fed up, exasperated, grumbling, disapproving, unamused, disgruntled, vexed
frustrated 1 | frustrated, frustration, stressed, stress, overwhelmed
jealous 1 | jealous, envious, envy, jealousy
surprised 1 | surprised, surprise, astonished, astonishment, startled, taken aback, stunned, bewildered
surprised 1.1 | flabbergasted, dumbfounded, thunderstruck, gobsmacked
amazed 1 | amazed, amazement, awe, awestruck, in awe, awed, wonder, marvel, mesmerised, dazzled, mind blown
shocked 1 | shocked, shock, aghast, horrorstruck, appalled, speechless
impressed 1 | impressed, admiring, admiration
curious 1 | curious, curiosity, interested, interest, intrigued, inquisitive, alert, attentive, expectant
curious 1 | awake
curious 1 | anticipating, anticipation
disgusted 1 | disgusted, disgust, revolted, repulsed, grossed out, nauseated, nauseous, sickened, repelled
disgusted 1 | revulsion
disgusted 1 | yuck, sick, queasy, distaste, loathing, repulsion
afraid 1 | afraid, scared, fear, fearful, frightened, fright, spooked, scary, panicked, panic, panicky
afraid 1 | alarmed
afraid 1.1 | terrified, terror, horrified, horror, petrified, aghast with fear
worried 1 | worried, worry, concerned, concern, troubled, apprehensive, uneasy, preoccupied, unsure
worried 1 | doubtful
worried 0.9 | hesitant, insecure, reluctant, uncomfortable, uncertain, cautious
anxious 1 | anxious, anxiety, nervous, tense, jittery, restless, agitated, distressed, distress
shy 1 | shy, bashful, timid, coy, modest, demure, reserved
embarrassed 1 | embarrassed, embarrassment, awkward, sheepish, self conscious, flustered, blushing, blush
confused 1 | confused, confusion, puzzled, perplexed, baffled, lost, clueless, questioning
skeptical 1 | skeptical, sceptical, skepticism, scepticism, dubious, incredulous, unconvinced, disbelief
skeptical 1 | ironic
skeptical 1 | sarcastic, disbelieving, judgmental, judging, quizzical, wry, cynical
suspicious 1 | suspicious, suspicion, distrustful, wary, mistrustful, paranoid
thoughtful 1 | thoughtful, pensive, thinking, think, contemplative, contemplating, reflective, pondering
thoughtful 1 | ponder
thoughtful 1 | introspective, musing
focused 1 | focused, focussed, focus, concentrated, concentrating, concentration, concentrate, studious
focused 1 | intent
determined 1 | determined, determination, resolute, decisive, stubborn, brave, courageous, heroic, defiant
serious 1 | serious, grave, solemn, sombre, somber, formal, sober, professional, cold, grim
serious 1.4 | stern, strict, severe, harsh
tired 1 | tired, tiredness, weary, fatigued, fatigue, worn out, jaded, sluggish, hungover, lethargic
tired 1 | listless
sleepy 1 | sleepy, drowsy, half asleep, dozing, dozy, about to fall asleep, groggy, drunk, stoned
exhausted 1 | exhausted, exhaustion, drained, burned out, burnt out, worn down, spent
bored 1 | bored, boredom, uninterested, disinterested, indifferent, apathetic, unimpressed, bored stiff
bored 0.6 | jaded look, aloof, detached, uninvolved
calm 1 | calm, relaxed, composed, at ease, easygoing, chilled, laid back, unbothered, cool, calmness, relax
serene 1 | serene, peaceful, tranquil, meditative, zen, blessed, at peace, serenity
dreamy 1 | dreamy, daydreaming, dreaming, absent minded, faraway
neutral 1 | neutral, expressionless, emotionless, poker face, deadpan, blank, stoic, impassive, resting
neutral 1 | vacant
neutral 1 | unemotional, no expression, without expression, no emotion, without emotion, straight face
neutral 1 | normal
flirty 1 | flirty, flirt, flirtatious, seductive, sultry, sexy, alluring, seducing
mischievous 1 | mischievous, cheeky, naughty, impish, sly, cunning, teasing, tease, roguish, crafty
mischievous 1 | scheming
evil 1 | evil, sinister, wicked, villainous, malicious, diabolical, devilish, cruel, creepy, maniacal
in pain 1 | in pain, pain, painful, hurting, suffering, agony, agonised, tortured, aching, in agony
bittersweet 1 | bittersweet, sad smile, smile through tears, smiling through tears, sad but smiling
sympathetic 1 | sympathetic, sympathy, empathetic, empathy, pity, compassionate, consoling
silly 1 | silly, goofy, crazy, wacky, clownish, derpy
smile 1 | smile, smiley, smiling face
smile 0.6 | half smile, smile with closed lips, mona lisa
grin 1 | toothy, toothy grin
grin 1 | grin, toothy smile, smile with teeth, smile showing teeth, big smile, broad smile, wide smile
grin 1 | cheese
grin 1 | beaming smile, say cheese, huge smile, cheesy
laugh 1 | laugh, laughter, laugh out loud, lol, crack up, hilarious, burst out laughing, cackle, hysterical
chuckle 1 | chuckle, giggle, snicker, titter
smirk 1 | smirk, lopsided smile, crooked smile, one sided smile, lopsided grin, crooked grin
frown 1 | frown
scowl 1 | scowl, glower, lour
glare 1 | glare, death stare, dirty look
stare 1 | stare, gawk
squint 1 | squint, peer
blink 1 | blink
wink 1 | wink
pout 1 | pout, duck face
sulk 1 | sulk, sulky, petulant
sneer 1 | sneer
snarl 1 | snarl, growl
grimace 1 | grimace, cringe
wince 1 | wince, flinch
gasp 1 | gasp
scream 1 | scream, shout, yell, shriek, roar
yawn 1 | yawn
kiss 1 | kiss, kissy, air kiss, blow a kiss
whistle 1 | whistle
cry 1 | cry, crying, weep, sob, bawl, wail, in tears, tearful, cries, cried
tears 1 | tears, teary, about to cry, on the verge of tears, teary eyed, watery eyes, tears in eyes
tears 1 | holding back tears
eye roll 1 | roll eyes, eye roll, rolling eyes, rolled eyes, eyes rolled
tongue 1 | tongue out, stick out tongue, stick tongue out, tongue
gulp 1 | gulp, swallow
sigh 1 | sigh
fake 1 | fake, forced, insincere, pretend, feigned, artificial
genuine 1 | genuine, sincere, real, duchenne, heartfelt, authentic
lip bite 1 | bite lip, biting lip, bite lower lip, bitten lip, lip bite, lip biting
smile 1 | 🙂, 😊, ☺, 😀, 😃, :), :-), =), (:
grin 1 | 😁, 😄, :d, :-d, =d
laugh 1 | 😂, 🤣, 😆
sad 1 | ☹, 🙁, 😞, 😔, 😢, :(, :-(, =(
cry 1 | 😭
angry 1 | 😠, 😡
enraged 1 | 🤬
surprised 1 | 😮, 😯, 😲, :o, :-o
afraid 1 | 😨, 😱, 😰
disgusted 1 | 🤢, 🤮
wink 1 | 😉, ;), ;-)
smirk 1 | 😏
tongue 1 | 😛, 😜, 😝, :p, :-p
tired 1 | 😪, 😫
sleepy 1 | 😴, 🥱
worried 1 | 😟, 😕
eye roll 1 | 🙄
thoughtful 1 | 🤔
neutral 1 | 😐, 😑
loving 1 | 🥰, 😍
kiss 1 | 😘, 😗
embarrassed 1 | 😳
calm 1 | 😌
evil 1 | 😈
"""


def _parse() -> dict[tuple[str, ...], tuple[str, float]]:
    table: dict[tuple[str, ...], tuple[str, float]] = {}
    for line in _LINES.strip().splitlines():
        head, _, words = line.partition("|")
        recipe, _, strength = head.strip().rpartition(" ")
        for phrase in words.split(","):
            table.setdefault(tuple(phrase.split()), (recipe, float(strength)))
    return table


SYNONYMS: dict[tuple[str, ...], tuple[str, float]] = _parse()
"""Words of a phrase -> (name of the recipe, strength)."""
