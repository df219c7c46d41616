// What a check has in the page: how to look, write, hide, and hold the clock. It is there before the page's own scripts.
(() => {
  /** So long is a timer that is a limit. */
  const LIMIT_MS = 5_000;
  const text = (selector) => [...document.querySelectorAll(selector)].map((element) => element.textContent ?? '');
  const find = (id) => document.getElementById(id);
  const looks = new Set();
  const changed = () => [...looks].forEach((ask) => ask());
  // What follows from a timer or an answer at once: promises, and what a message port brings.
  const turn = () =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => (port1.close(), resolve());
      port2.postMessage(0);
    });

  // Requests: which were made, and which the page is done with.
  const asked = [];
  let heard = 0;
  const [request, bodies] = [globalThis.fetch, new WeakMap()];
  globalThis.fetch = (target, init) => {
    const { pathname, search } = new URL(target instanceof Request ? target.url : target, location.href);
    const answer = request(target, init);
    if (pathname !== '/messages') return answer;
    asked.push(`${init?.method ?? 'GET'} ${pathname}${search}`);
    changed();
    // Who reads the content begins with it as soon as there is an answer.
    const read = async (response) => (await turn(), bodies.get(response));
    answer.then(read).catch(() => undefined).then(turn).then(() => ((heard += 1), changed()));
    return answer;
  };
  for (const name of ['text', 'json', 'arrayBuffer']) {
    const read = Response.prototype[name];
    Response.prototype[name] = function () {
      const body = read.call(this);
      bodies.set(this, body);
      return body;
    };
  }

  const workshop = (globalThis.workshop = {
    /** The state that the dot shows. */
    state: () => find('state')?.dataset.state ?? 'nothing',
    /** The texts of the messages on the page, in their order. */
    rows: () => text('#messages .message .text'),
    /** The texts of what waits below the messages. */
    outbox: () => text('#outbox .post .text'),
    /** What stands under the composer. */
    hint: () => `${find('hint')?.textContent} ${find('problem')?.textContent}`.trim(),
    /** The page in one sentence. */
    told() {
      const list = (name, texts) => (texts.length === 0 ? `no ${name}` : `${texts.length} ${name}: ${texts.slice(-4).join(', ')}`);
      return `the dot says "${this.state()}"; ${list('messages', this.rows())}; ${list('unsent', this.outbox())}`;
    },
    /** The requests for messages that the page has made. */
    asked: () => asked,
    /** How many of them are over for the page: there was no answer, or it has read what it wanted of it. */
    heard: () => heard,
    /** Settled when `look` finds something; it is asked again with each change of the page, request and timer. */
    until: (look) =>
      new Promise((resolve) => {
        const ask = () => {
          const found = look();
          if (!found) return;
          observer.disconnect();
          looks.delete(ask);
          resolve(found);
        };
        const observer = new MutationObserver(ask);
        observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
        looks.add(ask);
        ask();
      }),
    /** Writes as a person does, and presses Enter. */
    write(user, draft) {
      const type = (id, value) => {
        const field = find(id);
        if (field.value === value) return;
        field.value = value;
        field.dispatchEvent(new Event('input', { bubbles: true }));
        field.dispatchEvent(new Event('change', { bubbles: true }));
      };
      type('user', user);
      type('text', draft);
      find('composer').requestSubmit();
    },
    /** The tab as it is when another one lies over it, or not. */
    show(isVisible) {
      const state = isVisible ? 'visible' : 'hidden';
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => !isVisible });
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    },
  });

  // Chance: where a check has set it, all that is drawn is this.
  if (SETTING.chance !== null) Math.random = () => SETTING.chance;

  // The clock: where a check holds it, nothing happens by itself, and what is waited for is known exactly. Where it does
  // not, the page's limits of many seconds do not run out, which they would on a slow machine.
  if (!SETTING.held) {
    const soon = globalThis.setTimeout;
    globalThis.setTimeout = (run, ms, ...args) => (ms >= LIMIT_MS ? 0 : soon(run, ms, ...args));
    AbortSignal.timeout = () => new AbortController().signal;
    return;
  }
  const waits = new Map();
  let [now, last] = [0, 0];
  const [began, beganOn] = [Date.now(), performance.now()];
  const wait = (run, ms, every, args) => {
    last += 1;
    const delay = Math.max(0, Number(ms) || 0);
    waits.set(last, { id: last, from: now, at: now + delay, delay, every, run: () => run(...args) });
    changed();
    return last;
  };
  globalThis.setTimeout = (run, ms, ...args) => wait(run, ms, undefined, args);
  globalThis.setInterval = (run, ms, ...args) => wait(run, ms, Math.max(1, Number(ms) || 0), args);
  globalThis.clearTimeout = globalThis.clearInterval = (id) => void waits.delete(id);
  Date.now = () => began + now;
  performance.now = () => beganOn + now;
  AbortSignal.timeout = (ms) => {
    const late = new AbortController();
    setTimeout(() => late.abort(new DOMException('signal timed out', 'TimeoutError')), ms);
    return late.signal;
  };
  const due = (until) => [...waits.values()].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at || a.id - b.id)[0];
  Object.assign(workshop, {
    /** Milliseconds until each timer that is set, the soonest first. */
    waits: () => [...waits.values()].map(({ at }) => at - now).sort((a, b) => a - b),
    /** What the timers that were set since the clock last moved wait for, in milliseconds. */
    begun: () => [...waits.values()].filter(({ from }) => from === now).map(({ delay }) => delay),
    /** Lets so many milliseconds pass, and all that is due in them happen in its order. */
    async pass(ms) {
      const end = now + ms;
      for (let next = due(end); next; next = due(end)) {
        now = next.at;
        if (next.every === undefined) waits.delete(next.id);
        else next.at += next.every;
        next.run();
        await turn();
      }
      now = end;
      await turn();
    },
  });
})();
