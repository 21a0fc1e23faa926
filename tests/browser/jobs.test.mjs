import assert from "node:assert/strict";
import { test } from "node:test";
import { hasEnded, JobList } from "../../server/emoga_server/web/jobs.js";

const progress = (job, fields = {}) => ({ job, kind: "edit", stage: "editing", progress: 0, position: 0, ...fields });
const picture = (index) => ({ index, count: 4, name: `f000_c0${index}`, before: `b${index}`, after: `a${index}` });

test("what runs comes first, then what waits in its order, then what ended last", () => {
  const jobs = new JobList();
  jobs.update(progress(1), 0);
  jobs.update(progress(4, { stage: "queued", position: 2 }), 1);
  jobs.update(progress(3, { stage: "queued", position: 1 }), 2);
  jobs.update(progress(2), 3);
  jobs.update(progress(2, { stage: "cancelled" }), 4);
  jobs.update(progress(1, { stage: "done" }), 5);
  jobs.update(progress(3), 6);
  assert.deepEqual(jobs.visible().map((job) => job.job), [3, 4, 1, 2]);
  assert.deepEqual(jobs.visible().map(hasEnded), [false, false, true, true]);
});

test("failures from before the page was opened, and other kinds of jobs, are not shown", () => {
  const jobs = new JobList();
  jobs.update(progress(1, { stage: "failed", message: "out of memory" }), 0);
  jobs.update({ ...progress(2), kind: "bake" }, 0);
  assert.deepEqual(jobs.visible(), []);
  jobs.update(progress(3), 0);
  jobs.update(progress(3, { stage: "failed", message: "no images" }), 1);
  assert.equal(jobs.visible()[0].message, "no images");
});

test("an edit of this page is shown even when it fails before its number is known here", () => {
  const jobs = new JobList();
  jobs.update(progress(5, { stage: "failed", message: "no weights" }), 0);
  jobs.claim(5, { prompt: "angry", stage: "queued" }, 1);
  const [job] = jobs.visible();
  assert.ok(job.mine);
  assert.equal(job.stage, "failed");
});

test("a claimed job waits until the server tells more", () => {
  const jobs = new JobList();
  jobs.claim(6, { prompt: "angry", state: "angry", position: 2 }, 0);
  assert.deepEqual([jobs.visible()[0].stage, jobs.visible()[0].position], ["queued", 2]);
  jobs.update(progress(6, { stage: "views", prompt: "angry" }), 1);
  assert.equal(jobs.visible()[0].stage, "views");
});

test("addresses of pictures are given back when they are replaced or their job is forgotten", () => {
  const released = [];
  const jobs = new JobList((address) => released.push(address));
  jobs.update(progress(1), 0);
  jobs.addPicture(1, picture(0), 0);
  jobs.addPicture(1, picture(2), 0);
  assert.deepEqual([...jobs.visible()[0].pictures].map((p) => p?.after), ["a0", undefined, "a2"]);
  jobs.addPicture(1, { ...picture(0), after: "new" }, 0);
  assert.deepEqual(released, ["b0", "a0"]);
  jobs.forget((job) => !hasEnded(job));
  assert.deepEqual(released.slice(2).sort(), ["a2", "b0", "b2", "new"]);
  assert.deepEqual(jobs.visible(), []);
});
