import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace } from "../../server/emoga_server/web/pace.js";

test("the first wish goes out at once, those of a burst as one, the last always", async () => {
  const sent = [];
  const pace = new Pace(5, (wish) => { sent.push(wish); return `answer ${sent.length}`; });
  const answers = [1, 2, 3, 4].map((wish) => pace.push(wish));
  assert.deepEqual(sent, [1]);
  assert.deepEqual(await Promise.all(answers), ["answer 1", "answer 2", "answer 2", "answer 2"]);
  assert.deepEqual(sent, [1, 4]);
});

test("wishes that wait are merged as told", async () => {
  const sent = [];
  const pace = new Pace(5, (wish) => sent.push(wish), (waiting, wish) => ({ ...waiting, ...wish }));
  pace.push({ happy: 1 });
  pace.push({ happy: 0.5, sad: 0.1 });
  await pace.push({ sad: 0.2 });
  assert.deepEqual(sent, [{ happy: 1 }, { happy: 0.5, sad: 0.2 }]);
});

test("after a quiet time the next wish does not wait", async () => {
  const sent = [];
  const pace = new Pace(1, (wish) => sent.push(wish));
  pace.push("a");
  await new Promise((done) => setTimeout(done, 20));
  pace.push("b");
  assert.deepEqual(sent, ["a", "b"]);
});
