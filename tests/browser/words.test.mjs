import assert from "node:assert/strict";
import { test } from "node:test";
import { JobList } from "../../server/emoga_server/web/jobs.js";
import { duration, heldBack, stageNumbers, stageWords, stateLabel, timeLeft, unitsOf, unreadNote, whenWords } from "../../server/emoga_server/web/words.js";

const job = (fields) => new JobList().update({ job: 1, ...fields }, 0);

test("stages in words", () => {
  assert.equal(stageWords(job({ stage: "queued", position: 1 })), "Waiting for one edit before it");
  assert.equal(stageWords(job({ stage: "queued", position: 3 })), "Waiting for 3 edits before it");
  assert.equal(stageWords(job({ stage: "editing", done: 6, total: 20 })), "Editing the pictures, 7 of 20");
  assert.equal(stageWords(job({ stage: "editing", done: 20, total: 20 })), "Editing the pictures, 20 of 20");
  assert.equal(stageWords(job({ stage: "skin tone" })), "Matching the skin tone");
  assert.equal(stageWords(job({ stage: "polishing the nose" })), "Polishing the nose"); // a newer server's stage
});

test("numbers of the optimiser, and only of the optimiser", () => {
  assert.equal(stageNumbers(job({ stage: "optimising", step: 12, steps: 400, loss: 0.04125 })), "step 12 of 400 · loss 0.0413");
  assert.equal(stageNumbers(job({ stage: "optimising", step: 0, steps: 0, loss: null })), "");
  assert.equal(stageNumbers(job({ stage: "editing", step: 3, steps: 20 })), "");
});

test("times", () => {
  assert.deepEqual([null, NaN, -1].map(timeLeft), ["", "", ""]);
  assert.deepEqual([0.4, 8.4, 89, 150].map(timeLeft), ["a moment left", "8 s left", "89 s left", "3 min left"]);
  assert.equal(duration(7200), "2.0 h");
  const now = new Date(2025, 5, 10, 15, 0, 0), seconds = now.getTime() / 1000;
  assert.equal(whenWords(0, now), "");
  assert.equal(whenWords(seconds - 20, now), "just now");
  assert.equal(whenWords(seconds + 3, now), "just now"); // the server's clock may be ahead
  assert.equal(whenWords(seconds - 125, now), "2 min ago");
  assert.match(whenWords(seconds - 2 * 3600, now), /^0?1(3)?\D00/);
  assert.match(whenWords(seconds - 40 * 86400, now), /May|5/);
  assert.match(whenWords(seconds - 400 * 86400, now), /2024/);
});

test("action units by strength, those that this page knows with a name", () => {
  const units = unitsOf({ action_units: { 6: 0.2, 12: 0.5, 1: 0.2, 99: 0.1, 4: 0, 202: 0.15 } });
  assert.deepEqual(units.map(({ label }) => label), ["12", "1", "6", "R2", "99"]);
  assert.deepEqual(units.map(({ name }) => name), ["lip corner puller", "inner brow raiser", "cheek raiser", "right outer brow raiser", ""]);
});

test("what is to stay still", () => {
  assert.equal(heldBack({ reading: "read as: AU 12 1 (lip corner puller); without AU 1, 2" }), "without AU 1, 2");
  assert.equal(heldBack({ reading: "read as: AU 12 1 (lip corner puller)" }), "");
});

test("names of states as people read them", () => {
  assert.equal(stateLabel("subtle-tired_smile"), "subtle tired smile");
});

test("words left out: the guided editor cannot show them, others read them themselves", () => {
  const some = { action_units: { 12: 0.5 }, unknown: ["nostalgic"] };
  assert.equal(unreadNote({ ...some, unknown: [] }, "guided"), "");
  assert.match(unreadNote(some, "guided"), /“nostalgic” is not read: a diffusion editor would carry it, the guided editor cannot/);
  assert.match(unreadNote({ ...some, unknown: ["a", "b"] }, "guided"), /are not read.*carry them/);
  assert.match(unreadNote(some, "ultraedit"), /left to the editor/);
  const nothing = { action_units: {}, unknown: ["wistful"] };
  assert.match(unreadNote(nothing, "guided"), /No feeling/);
  assert.match(unreadNote(nothing, "ultraedit"), /words alone/);
});
