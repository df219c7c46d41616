// The calculator: reads between measured points, never beyond them, and names the case of each.
//
// A figure of a server was measured at some rates, audiences, delays, payloads: at a common point, on arms that vary one
// parameter of it, and at corners that differ in more. `read` begins at the nearest point, and moves along one parameter
// after another on lines of points that share all the rest. Along one line that is interpolation and no more. Along more, it
// is the product rule: each parameter acts by itself, by sums for times, by factors for costs. The rule is only used where
// the corners that were measured bear it out (`rule`); the answer then says "about", and else that it was not measured.

/**
 * @typedef {'rate' | 'audience' | 'delay' | 'payload'} Axis
 * @typedef {Record<Axis, number>} Place
 * @typedef {Place & { case: string, window: number, figures: Record<string, number> }} Point `window`: how long it was
 *   measured (s)
 * @typedef {{ value: number, cases: string[], moved: number, window?: number }} Reading
 * @typedef {Place & { phones: number, phoneDelay: number }} Wanted `phones`: their share, 0 to 1; delays are each way (ms)
 * @typedef {{ title: string, text: string, cases: string[], found: boolean }} Cell
 * @typedef {{ title: string, figures: string[], says: (values: number[], of: Wanted) => string, each?: boolean,
 *   idle?: boolean }} Column `each`: wired clients and phones are told apart; `idle`: read of audiences that hear nothing
 * @typedef {{ title: string, points: Point[] }} Series
 */

/** @type {Record<Axis, string>} */
const AXES = { rate: 'messages a second', audience: 'clients', delay: 'ms each way', payload: 'B of text' };
const axes = /** @type {Axis[]} */ (Object.keys(AXES));
/** Figures that grow by sums; the others by factors. */
const SUMS = new Set(['p50', 'p99']);

/** How far a corner may lie from what the rule says of it, as a part of either. */
const RULE_TOLERANCE = 0.25;

/** The scale on which a parameter is read between two points. @param {Axis} axis @param {number} value */
function scaled(axis, value) {
  return axis === 'rate' || axis === 'audience' ? Math.log(Math.max(value, 1e-9)) : value;
}

/** @param {Point[]} points @param {Axis} axis */
function range(points, axis) {
  const values = points.map((point) => point[axis]);
  return { least: Math.min(...values), most: Math.max(...values) };
}

/**
 * What a server costs at a place, or why that cannot be read.
 * @param {Point[]} all @param {string} figure @param {Place} at
 * @returns {Reading | string}
 */
export function read(all, figure, at) {
  const points = all.filter((point) => Number.isFinite(point.figures[figure]));
  if (points.length === 0) return 'not measured';
  for (const axis of axes) {
    const { least, most } = range(points, axis);
    if (at[axis] < least || at[axis] > most) {
      return `measured: ${least === most ? `only ${number(least)}` : `${number(least)} to ${number(most)}`} ${AXES[axis]}`;
    }
  }
  for (const base of nearestFirst(points, at)) {
    const reading = from(base, points, figure, at);
    if (!reading) continue;
    const along = axes.filter((axis) => at[axis] !== base[axis]);
    if (reading.moved > 1 && !along.every((axis) => rule(points, figure).has(axis))) continue;
    return reading;
  }
  return 'not measured in this combination';
}

/**
 * The parameters along which the product rule holds: those of corners at which it says what was measured, of the arms
 * alone. One corner of which it says something else takes its parameters out.
 * @param {Point[]} points @param {string} figure
 * @returns {Set<Axis>}
 */
export function rule(points, figure) {
  const differing = (/** @type {Point} */ one, /** @type {Place} */ other) => axes.filter((axis) => one[axis] !== other[axis]);
  const neighbours = (/** @type {Point} */ one) => points.filter((other) => differing(one, other).length === 1).length;
  const [common] = [...points].sort((one, other) => neighbours(other) - neighbours(one));
  if (!common) return new Set();
  const arms = points.filter((point) => differing(common, point).length <= 1);
  const holds = new Set(/** @type {Axis[]} */ ([]));
  const fails = new Set(/** @type {Axis[]} */ ([]));
  for (const corner of points.filter((point) => differing(common, point).length > 1)) {
    const said = from(common, arms, figure, corner)?.value;
    const measured = corner.figures[figure];
    if (said === undefined || measured === undefined) continue;
    const off = Math.abs(said - measured) / Math.max(Math.abs(said), Math.abs(measured), Number.MIN_VALUE);
    for (const axis of differing(common, corner)) (off <= RULE_TOLERANCE ? holds : fails).add(axis);
  }
  return new Set([...holds].filter((axis) => !fails.has(axis)));
}

/** @param {Point[]} points @param {Place} at */
function nearestFirst(points, at) {
  const off = (/** @type {Point} */ point) => axes.reduce((sum, axis) => {
    const { least, most } = range(points, axis);
    const width = scaled(axis, most) - scaled(axis, least) || 1;
    return sum + Math.abs(scaled(axis, at[axis]) - scaled(axis, point[axis])) / width;
  }, 0);
  return [...points].sort((one, other) => off(one) - off(other));
}

/**
 * From one measured point along each parameter that differs; nothing where a line does not reach.
 * @param {Point} base @param {Point[]} points @param {string} figure @param {Place} at
 * @returns {Reading | undefined}
 */
function from(base, points, figure, at) {
  const of = (/** @type {Point} */ point) => point.figures[figure] ?? Number.NaN;
  const cases = new Set([base.case]);
  let value = of(base);
  let moved = 0;
  for (const axis of axes) {
    if (at[axis] === base[axis]) continue;
    const line = points
      .filter((point) => axes.every((other) => other === axis || point[other] === base[other]))
      .sort((one, other) => one[axis] - other[axis]);
    const above = line.find((point) => point[axis] >= at[axis]);
    const below = line.findLast((point) => point[axis] <= at[axis]);
    if (!above || !below) return undefined;
    const width = scaled(axis, above[axis]) - scaled(axis, below[axis]);
    const part = width === 0 ? 0 : (scaled(axis, at[axis]) - scaled(axis, below[axis])) / width;
    const there = between(of(below), of(above), part, axis, figure);
    if (SUMS.has(figure)) value += there - of(base);
    else if (of(base) !== 0) value *= there / of(base);
    else if (there !== 0) return undefined;
    cases.add(below.case).add(above.case);
    moved += 1;
  }
  return { value, cases: [...cases], moved };
}

/**
 * Between two values: costs over rate and audience by their logarithms, where they have one.
 * @param {number} low @param {number} high @param {number} part @param {Axis} axis @param {string} figure
 */
function between(low, high, part, axis, figure) {
  const byLogarithm = !SUMS.has(figure) && (axis === 'rate' || axis === 'audience') && low > 0 && high > 0;
  return byLogarithm ? low * (high / low) ** part : low + (high - low) * part;
}

/**
 * What a client costs at rest: of the audience nearest to this one, for it depends on the server's clock alone.
 * @param {Point[]} points @param {string} figure @param {Place} at
 * @returns {Reading | string}
 */
function readIdle(points, figure, at) {
  const off = (/** @type {Point} */ point) => Math.abs(point.audience - at.audience);
  const [nearest] = points.filter((point) => Number.isFinite(point.figures[figure])).sort((one, other) => off(one) - off(other));
  const value = nearest?.figures[figure];
  return nearest && value !== undefined ? { value, cases: [nearest.case], moved: 0, window: nearest.window } : 'not measured';
}

/** Three significant digits, thousands grouped. @param {number} value */
export function number(value) {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(value);
}

/** A value in the unit that suits its size. @param {number} value @param {Record<string, number>} units smallest first */
function inUnit(value, units) {
  const known = Object.entries(units);
  const [unit, size] = known.findLast(([, size]) => Math.abs(value) >= size) ?? known[0] ?? ['', 1];
  return `${number(value / size)} ${unit}`;
}

const TIME = { 'µs': 1, ms: 1e3, s: 1e6 };
const OCTETS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
const BITS = { 'bit/s': 1, 'kbit/s': 1e3, 'Mbit/s': 1e6, 'Gbit/s': 1e9 };
const sum = (/** @type {number[]} */ values) => values.reduce((total, value) => total + value, 0);

/** @type {Column[]} */
const COLUMNS = [
  { title: 'server CPU', figures: ['cpu'], says: ([cpu = 0], of) => `${number((cpu * of.rate * of.audience) / 1e4)} % of a core` },
  { title: 'on the wire', figures: ['octets'], says: ([octets = 0], of) => inUnit(8 * octets * of.rate * of.audience, BITS) },
  { title: 'requests', figures: ['requests'], says: ([requests = 0], of) => `${number(requests * of.rate * of.audience)} /s` },
  { title: 'delay, median', figures: ['p50'], each: true, says: ([time = 0]) => inUnit(time, TIME) },
  { title: 'delay, 99 %', figures: ['p99'], each: true, says: ([time = 0]) => inUnit(time, TIME) },
  { title: 'memory', figures: ['process', 'kernel'], says: (octets, of) => inUnit(sum(octets) * of.audience, OCTETS) },
  { title: 'packets of a phone at rest', figures: ['segments'], idle: true, says: ([segments = 0]) => `${number(segments * 3600)} /h` },
];

/**
 * What a column says: phones are clients with a round trip of their own, and the server pays for the mixture.
 * @param {Point[]} points @param {Column} column @param {Wanted} of
 * @returns {Cell}
 */
function cell(points, column, of) {
  const { title } = column;
  const kinds = column.idle
    ? [{ name: '', share: 1, delay: of.delay }]
    : [{ name: '', share: 1 - of.phones, delay: of.delay }, { name: 'phones ', share: of.phones, delay: of.phoneDelay }];
  /** @type {Reading[]} */
  const used = [];
  const texts = [];
  const mixed = column.figures.map(() => 0);
  for (const kind of kinds.filter(({ share }) => share > 0)) {
    const at = { ...of, delay: kind.delay };
    const readings = column.figures.map((figure) => (column.idle ? readIdle : read)(points, figure, at));
    const values = [];
    for (const reading of readings) {
      if (typeof reading === 'string') return { title, text: `– ${reading}`, cases: [], found: false };
      // Nothing within a window is not nothing for ever: the next ping may come after it.
      if (column.idle && reading.value === 0) {
        return { title, text: `none in ${number(reading.window ?? 0)} s`, cases: reading.cases, found: true };
      }
      used.push(reading);
      values.push(reading.value);
    }
    texts.push(kind.name + column.says(values, of));
    values.forEach((value, index) => { mixed[index] = (mixed[index] ?? 0) + kind.share * value; });
  }
  const about = used.some((reading) => reading.moved > 1) ? 'about ' : '';
  const text = about + (column.each ? texts.join('; ') : column.says(mixed, of));
  return { title, text, cases: [...new Set(used.flatMap((reading) => reading.cases))], found: true };
}

/** The cells of a server. @param {Point[]} points @param {Wanted} of */
export function row(points, of) {
  const busy = points.filter((point) => point.rate > 0);
  const resting = points.filter((point) => point.rate === 0);
  return COLUMNS.map((column) => cell(column.idle ? resting : busy, column, of));
}

/** Shows the calculator of a page. @param {Document} page */
export function start(page) {
  const find = (/** @type {string} */ selector) => {
    const found = page.querySelector(selector);
    if (!found) throw new Error(`the page has no ${selector}`);
    return found;
  };
  const form = /** @type {HTMLFormElement} */ (find('#calculator form'));
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  /** @type {{ series: Series[], start: Record<string, number> }} */
  const data = JSON.parse(find('#calculator-data').textContent ?? '');
  const show = () => {
    const value = (/** @type {string} */ name) => field(name).valueAsNumber;
    const of = {
      rate: value('rate'),
      audience: value('audience'),
      payload: value('payload'),
      delay: value('round') / 2,
      phoneDelay: value('phoneRound') / 2,
      phones: value('phones') / 100,
    };
    const valid = form.checkValidity();
    find('#calculator output').textContent = valid ? '' : 'Each field needs a number within its bounds.';
    const rows = valid ? data.series.map((series) => line(page, series.title, row(series.points, of))) : [];
    find('#calculator tbody').replaceChildren(...rows);
  };
  for (const [name, first] of Object.entries(data.start)) field(name).value = String(first);
  form.addEventListener('input', show);
  form.addEventListener('submit', (event) => event.preventDefault());
  show();
}

/** A row of the page, its last cell naming the cases. @param {Document} page @param {string} title @param {Cell[]} cells */
function line(page, title, cells) {
  const make = (/** @type {string} */ name, /** @type {(Node | string)[]} */ ...content) => {
    const made = page.createElement(name);
    made.append(...content);
    return made;
  };
  const head = make('th', title);
  head.setAttribute('scope', 'row');
  const shown = cells.map(({ title: label, text, found }) => {
    const made = make('td', text);
    made.dataset.label = label;
    if (!found) made.className = 'outside';
    return made;
  });
  const cases = [...new Set(cells.flatMap((one) => one.cases))];
  const links = cases.map((id) => {
    // A page that shows the calculator alone has no cases to lead to.
    if (!page.getElementById(id)) return make('li', id);
    const link = make('a', id);
    link.setAttribute('href', `#${encodeURIComponent(id)}`);
    return make('li', link);
  });
  const summary = make('summary', `${cases.length} ${cases.length === 1 ? 'case' : 'cases'}`);
  const from = make('td', cases.length > 0 ? make('details', summary, make('ul', ...links)) : '–');
  from.dataset.label = 'read from';
  return make('tr', head, ...shown, from);
}
