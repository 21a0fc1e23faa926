// One avatar while its states change, with the golden blobs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { LoadedAvatar } from "../../server/emoga_server/web/avatar.js";
import { decodeHead, decodeSplats } from "../../server/emoga_server/web/protocol/quantise.js";

const GOLDEN = new URL("../../protocol/golden/", import.meta.url);
const read = (name) => new Uint8Array(readFileSync(new URL(name, GOLDEN)));
const A = read("sh1_delta_a.bin"), B = read("sh1_delta_b.bin");

const state = (slot, name, sha256 = name) => ({ slot, name, blob: { sha256 } });
function info(states, weights = 4) {
  return { layout: { fields: [{ name: "weights", count: weights }] }, states, head_blob: { sha256: "h" }, splats_blob: { sha256: "s" } };
}
function avatar() {
  const head = decodeHead(read("sh1_head.bin"));
  const made = new LoadedAvatar(info([state(0, "happy")]), head, decodeSplats(read("sh1_splats.bin")));
  made.putState(state(0, "happy"), A);
  const rest = { expression: new Float32Array(head.expressionCount), joints: new Float32Array(head.jointCount * 3), translation: [0, 0, 0] };
  return { made, look: (weights, earlier) => {
    made.pose(rest, weights, earlier);
    return { colors: [...made.splats.colors], expression: [...made.expression], jaw: [...made.joints.slice(6, 9)] };
  } };
}

test("a state can be posed as it was before its last change", () => {
  const { made, look } = avatar();
  const old = look([1]);
  made.rememberEarlier("happy");
  made.putState(state(0, "happy", "second"), B);
  const now = look([1]);
  assert.notDeepEqual(now.colors, old.colors);
  assert.notDeepEqual(now.expression, old.expression);
  assert.deepEqual(look([1], true), old);
  assert.deepEqual(look([1]), now);
  made.forgetEarlier();
  assert.deepEqual(look([1], true), now);
});

test("previews of a change follow each other, the earlier version stays", () => {
  const { made, look } = avatar();
  const old = look([0.5]);
  made.rememberEarlier("happy");
  for (const [hash, bytes] of [["p1", B], ["p2", A], ["p3", B]]) made.putState(state(0, "happy", hash), bytes);
  assert.notDeepEqual(look([0.5]).colors, old.colors);
  assert.deepEqual(look([0.5], true), old);
});

test("before a state existed the face does without it", () => {
  const { made, look } = avatar();
  const neutral = look([0, 0]);
  made.rememberEarlier("smug");
  made.adopt(info([state(0, "happy"), state(5, "smug")], 6)); // beyond the slots that there were
  made.putState(state(5, "smug"), B);
  assert.equal(made.weights.length, 6);
  assert.notDeepEqual(look([0, 0, 0, 0, 0, 1]).colors, neutral.colors);
  assert.deepEqual(look([0, 0, 0, 0, 0, 1], true), neutral);
});

test("a renamed state keeps its data, a removed one goes, two may swap names", () => {
  const { made, look } = avatar();
  made.adopt(info([state(0, "happy"), state(1, "sad")]));
  made.putState(state(1, "sad"), B);
  const [happy, sad] = [look([1, 0]), look([0, 1])];
  made.adopt(info([state(0, "sad", "happy"), state(1, "happy", "sad")]));
  assert.deepEqual(made.names.slice(0, 2), ["sad", "happy"]);
  assert.deepEqual([look([1, 0]), look([0, 1])], [happy, sad]);
  made.adopt(info([state(1, "merry", "sad")]));
  assert.deepEqual(look([0, 1]), sad);
  assert.deepEqual([...made.weights], [0, 1, 0, 0]);
  look([1, 0]);
  assert.deepEqual([...made.weights], [0, 0, 0, 0]);
});

test("a newer version that came first is not replaced by an older download", async () => {
  const { made, look } = avatar();
  let arrive;
  const slow = { get: () => new Promise((resolve) => { arrive = resolve; }) };
  made.adopt(info([state(0, "happy", "v2")]));
  const loading = made.loadState(state(0, "happy", "v2"), slow);
  made.adopt(info([state(0, "happy", "v3")]));
  assert.equal(await made.loadState(state(0, "happy", "v3"), slow, B), true);
  const now = look([1]);
  arrive(A);
  assert.equal(await loading, false);
  assert.deepEqual(look([1]), now);
});
