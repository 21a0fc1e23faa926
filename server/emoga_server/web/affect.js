/**
 * Feelings as points of valence (unpleasant .. pleasant) and arousal (calm .. excited), after Russell's
 * circumplex (1980): from a point to weights of emotion states, and back. Neutral sits at the origin.
 *
 * @typedef {{name: string, valence: number, arousal: number}} Feeling
 */

/** How far a state reaches over the map. */
const RADIUS = 1.15;
const SAME_PLACE = 1e-4;

/** Colours that people expect of the common feelings; others take one from their place on the map. */
const COLORS = {
  happy: "#f4b942", joy: "#f4b942", sad: "#6c9ef8", angry: "#f0625f", surprised: "#45c4c0", disgusted: "#8bbd57",
  disgust: "#8bbd57", fear: "#a987ee", afraid: "#a987ee", content: "#7bcf9b", calm: "#7fb8c9", bored: "#8f9bb3",
};

/**
 * @param {Feeling} feeling
 * @returns {string} CSS colour
 */
export function colorOf(feeling) {
  const known = COLORS[feeling.name.toLowerCase()];
  if (known) return known;
  const angle = (Math.atan2(feeling.arousal, feeling.valence) * 180) / Math.PI;
  return `hsl(${Math.round((angle + 360 + 25) % 360)} 58% 64%)`;
}

/**
 * Weights for a point of the map: modified Shepard interpolation (Franke and Nielson 1980) with neutral as one
 * of the nodes. A state's own place gives weight 1 to it alone, the origin gives 0 to all, far states give
 * nothing; weights change continuously and never sum to more than 1.
 * @param {number} valence
 * @param {number} arousal
 * @param {Feeling[]} feelings
 * @returns {Record<string, number>}
 */
export function weightsAt(valence, arousal, feelings) {
  /** @type {Record<string, number>} */
  const weights = Object.fromEntries(feelings.map((feeling) => [feeling.name, 0]));
  const here = feelings.find((f) => Math.hypot(f.valence - valence, f.arousal - arousal) < SAME_PLACE);
  if (Math.hypot(valence, arousal) < SAME_PLACE) return weights;
  if (here) {
    weights[here.name] = 1;
    return weights;
  }
  let sum = share(Math.hypot(valence, arousal));
  for (const feeling of feelings) {
    sum += weights[feeling.name] = share(Math.hypot(feeling.valence - valence, feeling.arousal - arousal));
  }
  if (sum <= 0) {
    // nothing within reach: the nearest feeling
    const distance = (f) => Math.hypot(f.valence - valence, f.arousal - arousal);
    const nearest = feelings.reduce((a, b) => (distance(b) < distance(a) ? b : a));
    weights[nearest.name] = 1;
    return weights;
  }
  for (const feeling of feelings) weights[feeling.name] = Math.round((weights[feeling.name] / sum) * 1000) / 1000;
  return weights;
}

function share(distance) {
  const inside = Math.max(0, RADIUS - distance) / (RADIUS * distance);
  return inside ** 3;
}

/**
 * The place on the map of a mixture: the weighted mean, neutral filling up to 1.
 * @param {Record<string, number>} weights
 * @param {Feeling[]} feelings
 * @returns {[number, number]} valence, arousal
 */
export function placeOf(weights, feelings) {
  let valence = 0, arousal = 0, sum = 0;
  for (const feeling of feelings) {
    const w = weights[feeling.name] ?? 0;
    valence += w * feeling.valence;
    arousal += w * feeling.arousal;
    sum += w;
  }
  const scale = 1 / Math.max(1, sum);
  return [valence * scale, arousal * scale];
}
