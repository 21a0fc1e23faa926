/** What the page says of jobs, prompts and versions, in plain words. No elements here. */
import { actionUnit } from "./action_units.js";

/** The editor that moves the face by what was read of the prompt; the others read the words themselves. */
const GUIDED = "guided";

const STAGES = {
  queued: "Waiting", running: "Starting", views: "Taking pictures of the face", editing: "Editing the pictures",
  "skin tone": "Matching the skin tone", optimising: "Shaping the face", saving: "Saving", done: "Done", failed: "Failed",
  cancelled: "Cancelled",
};

/**
 * @param {import("./jobs.js").Job} job
 * @returns {string} what it does now
 */
export function stageWords(job) {
  if (job.stage === "queued" && job.position > 0) return job.position === 1 ? "Waiting for one edit before it" : `Waiting for ${job.position} edits before it`;
  const words = STAGES[job.stage] ?? capitalised(job.stage);
  if ((job.stage === "views" || job.stage === "editing") && job.total > 0) return `${words}, ${Math.min(job.done + 1, job.total)} of ${job.total}`;
  return words;
}

/**
 * @param {import("./jobs.js").Job} job
 * @returns {string} numbers of the stage, or nothing
 */
export function stageNumbers(job) {
  if (job.stage !== "optimising") return "";
  const parts = [];
  if (job.steps > 0) parts.push(`step ${job.step} of ${job.steps}`);
  else if (job.step > 0) parts.push(`step ${job.step}`);
  if (job.loss !== null) parts.push(`loss ${job.loss.toPrecision(3)}`);
  return parts.join(" · ");
}

/** @param {number|null} seconds */
export function timeLeft(seconds) {
  if (seconds === null || !Number.isFinite(seconds) || seconds < 0) return "";
  if (seconds < 1.5) return "a moment left";
  return `${duration(seconds)} left`;
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/**
 * When a version was saved.
 * @param {number} time seconds since 1970, 0 where not known
 * @param {Date} [now]
 */
export function whenWords(time, now = new Date()) {
  if (!time) return "";
  const age = now.getTime() / 1000 - time;
  if (age < 60) return "just now";
  if (age < 3600) return `${Math.floor(age / 60)} min ago`;
  const date = new Date(time * 1000), sameDay = date.toDateString() === now.toDateString();
  const clock = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  if (sameDay) return clock;
  const sameYear = date.getFullYear() === now.getFullYear();
  return `${date.toLocaleDateString([], { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) })}, ${clock}`;
}

/** A state's name as people read it. @param {string} name */
export function stateLabel(name) {
  return name.replace(/[_-]+/g, " ");
}

/**
 * The action units of a reading, the strongest first.
 * @param {{action_units: Record<string, number>}} info
 * @returns {{label: string, name: string, strength: number}[]}
 */
export function unitsOf(info) {
  return Object.entries(info.action_units)
    .map(([unit, strength]) => ({ unit: Number(unit), strength, ...actionUnit(Number(unit)) }))
    .filter(({ strength }) => strength > 0.005)
    .sort((a, b) => b.strength - a.strength || a.unit - b.unit);
}

/** What a prompt wants to stay still ("no brow raise"), as the reading says it. @param {{reading: string}} info */
export function heldBack(info) {
  return /\bwithout AU [LR\d, AU]+/.exec(info.reading)?.[0].trim() ?? "";
}

/**
 * What becomes of the words that the reading leaves out.
 * @param {{action_units: Record<string, number>, unknown: string[]}} info
 * @param {string} editor name of the editor that would be used
 * @returns {string} nothing where every word was read
 */
export function unreadNote(info, editor) {
  const nothing = unitsOf(info).length === 0;
  if (!info.unknown.length && !nothing) return "";
  const words = info.unknown.slice(0, 4).map((word) => `“${word}”`).join(", ") + (info.unknown.length > 4 ? " …" : "");
  if (editor === GUIDED) {
    if (nothing) return "No feeling or movement of the face was found here. The guided editor shows only what it can read; a diffusion editor would work from the words themselves.";
    return `${words} ${info.unknown.length > 1 ? "are" : "is"} not read: a diffusion editor would carry ${info.unknown.length > 1 ? "them" : "it"}, the guided editor cannot.`;
  }
  if (nothing) return "Nothing was read as a movement of the face: the editor works from the words alone.";
  return `${words} ${info.unknown.length > 1 ? "are" : "is"} left to the editor, which reads the words itself.`;
}

/** An answer of the server as a sentence of its own. @param {string} text */
export function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
