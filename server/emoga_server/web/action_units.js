/**
 * Action units of Ekman and Friesen's Facial Action Coding System, as the wire numbers them: 100 and 200 are added
 * for the subject's left and right side alone.
 */

const NAMES = {
  1: "inner brow raiser", 2: "outer brow raiser", 4: "brow lowerer", 5: "upper lid raiser", 6: "cheek raiser",
  7: "lid tightener", 8: "lips toward each other", 9: "nose wrinkler", 10: "upper lip raiser", 11: "nasolabial deepener",
  12: "lip corner puller", 13: "sharp lip puller", 14: "dimpler", 15: "lip corner depressor", 16: "lower lip depressor",
  17: "chin raiser", 18: "lip pucker", 19: "tongue show", 20: "lip stretcher", 22: "lip funneler", 23: "lip tightener",
  24: "lip pressor", 25: "lips part", 26: "jaw drop", 27: "mouth stretch", 28: "lip suck", 29: "jaw thrust",
  30: "jaw sideways", 33: "cheek blow", 34: "cheek puff", 35: "cheek suck", 38: "nostril dilator", 41: "lid droop",
  42: "slit", 43: "eyes closed", 44: "squint", 45: "blink", 46: "wink", 61: "eyes turn left", 62: "eyes turn right",
  63: "eyes up", 64: "eyes down",
};
const SIDES = [["", ""], ["L", "left "], ["R", "right "]];

/**
 * How FACS writes a unit, and what it is called.
 * @param {number} unit
 * @returns {{label: string, name: string}} the name is empty where this page knows none
 */
export function actionUnit(unit) {
  const [letter, side] = SIDES[Math.floor(unit / 100)] ?? SIDES[0];
  const name = NAMES[unit % 100];
  return { label: `${letter}${letter ? unit % 100 : unit}`, name: name ? side + name : "" };
}
