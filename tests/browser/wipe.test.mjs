import assert from "node:assert/strict";
import { test } from "node:test";
import { Wipe } from "../../server/emoga_server/web/wipe.js";

test("the two sides fill the picture without overlap, wherever the line is", () => {
  const wipe = new Wipe();
  for (const position of [0, 0.001, 0.25, 0.5, 0.9999, 1]) {
    wipe.move(position);
    const { before, now } = wipe.columns(333);
    assert.equal(before[0], 0);
    assert.equal(before[0] + before[1], now[0]);
    assert.equal(now[0] + now[1], 333);
  }
});

test("the line stays on the picture", () => {
  const wipe = new Wipe();
  wipe.move(-3);
  assert.equal(wipe.position, 0);
  wipe.move(7);
  assert.deepEqual(wipe.columns(100), { before: [0, 100], now: [100, 0] });
});
