/**
 * The server's clock as seen from here. The sample with the shortest round trip of the last ones is the most
 * truthful, so offset and round trip come from it (as in NTP's clock filter, RFC 5905 section 10).
 */
const SAMPLES = 12;

export class ServerClock {
  constructor() {
    /** @type {{offset: number, trip: number}[]} */
    this.samples = [];
    /** server seconds = local seconds + offset */
    this.offset = 0;
    /** Seconds there and back. */
    this.roundTrip = 0;
  }

  /** Seconds on this machine. */
  static local() {
    return performance.now() / 1000;
  }

  /** Forgets everything but a first guess. @param {number} serverTime seconds */
  reset(serverTime) {
    this.samples.length = 0;
    this.offset = serverTime - ServerClock.local();
    this.roundTrip = 0;
  }

  /**
   * @param {number} sent     local seconds when PING left
   * @param {number} server   server seconds in PONG
   * @param {number} received local seconds when PONG arrived
   */
  add(sent, server, received) {
    this.samples.push({ offset: server - (sent + received) / 2, trip: received - sent });
    if (this.samples.length > SAMPLES) this.samples.shift();
    const best = this.samples.reduce((a, b) => (b.trip < a.trip ? b : a));
    this.offset = best.offset;
    this.roundTrip = best.trip;
  }

  /** Server seconds now. */
  now() {
    return ServerClock.local() + this.offset;
  }
}
