/**
 * Edits under way, as the server tells of them: everybody's, in the order in which they will run, each with the
 * pictures edited so far.
 *
 * @typedef {{index: number, count: number, name: string, before: string, after: string}} JobPicture addresses of
 *   the picture as it was and as it was edited
 * @typedef {{job: number, kind: string, stage: string, progress: number, message: string, seconds_left: number|null,
 *   avatar: number|null, state: string, prompt: string, position: number, done: number, total: number, step: number,
 *   steps: number, loss: number|null, pictures: (JobPicture|undefined)[], mine: boolean, seenAlive: boolean,
 *   startedAt: number, endedAt: number|null}} Job
 */

const ENDS = new Set(["done", "failed", "cancelled"]);

/** Whether nothing more will come of a job. @param {{stage: string}} job */
export function hasEnded(job) {
  return ENDS.has(job.stage);
}

export class JobList {
  /** @param {(address: string) => void} [release] called with each picture's address when it is not shown any more */
  constructor(release = () => {}) {
    this.release = release;
    /** @type {Map<number, Job>} */
    this.jobs = new Map();
  }

  /**
   * Takes a JOB_PROGRESS.
   * @param {any} fields
   * @param {number} now milliseconds on any steady clock
   * @returns {Job}
   */
  update(fields, now) {
    const job = this.#entry(fields.job, now);
    Object.assign(job, fields);
    if (!hasEnded(job)) job.seenAlive = true;
    else job.endedAt ??= now;
    return job;
  }

  /**
   * Notes that this page asked for a job.
   * @param {number} id
   * @param {Partial<Job>} known what is known of it before the server's first word
   * @param {number} now
   */
  claim(id, known, now) {
    const fresh = !this.jobs.has(id), job = this.#entry(id, now);
    if (fresh) Object.assign(job, known);
    job.mine = true;
    return job;
  }

  /**
   * @param {number} id
   * @param {JobPicture} picture
   * @param {number} now
   */
  addPicture(id, picture, now) {
    const job = this.#entry(id, now), old = job.pictures[picture.index];
    if (old) this.#releasePicture(old);
    job.pictures[picture.index] = picture;
    return job;
  }

  /** What to show: what runs, what waits in its order, then what has ended, the latest first. @returns {Job[]} */
  visible() {
    // a failure from before this page was opened is not its business
    const shown = [...this.jobs.values()].filter((job) => job.kind === "edit" && (job.seenAlive || job.mine));
    const alive = shown.filter((job) => !hasEnded(job)).sort((a, b) => a.position - b.position || a.job - b.job);
    const ended = shown.filter(hasEnded).sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0));
    return [...alive, ...ended];
  }

  /** @param {(job: Job) => boolean} which */
  forget(which) {
    for (const job of [...this.jobs.values()].filter(which)) {
      for (const picture of job.pictures) if (picture) this.#releasePicture(picture);
      this.jobs.delete(job.job);
    }
  }

  /** @returns {Job} */
  #entry(id, now) {
    let job = this.jobs.get(id);
    if (!job) {
      job = { job: id, kind: "edit", stage: "queued", progress: 0, message: "", seconds_left: null, avatar: null, state: "",
        prompt: "", position: 0, done: 0, total: 0, step: 0, steps: 0, loss: null, pictures: [], mine: false,
        seenAlive: false, startedAt: now, endedAt: null };
      this.jobs.set(id, job);
    }
    return job;
  }

  /** @param {JobPicture} picture */
  #releasePicture(picture) {
    this.release(picture.before);
    this.release(picture.after);
  }
}
