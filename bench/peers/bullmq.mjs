// BullMQ as its users run it. `node bullmq.mjs REDIS_PORT REDIS_PASSWORD MODE …`, in the folder that has node_modules.
// Prints one JSON line. No database, no record of what was sent: that is what it is compared for.
//
//   enqueue COUNT                       addBulk in batches of 1,000
//   process COUNT URL                   one queue, 200 at once, each posts to URL
//   limit ACCOUNTS COUNT MS SECONDS     a queue with a limiter for each account, arrivals counted in sliding windows
import { createRequire } from "node:module";
import http from "node:http";

const require = createRequire(`${process.cwd()}/`);
const { Queue, Worker } = require("bullmq");
const IORedis = require("ioredis");
const [port, password, mode, ...rest] = process.argv.slice(2);
const connect = () =>
  new IORedis({ host: "127.0.0.1", port: +port, password: password || undefined, maxRetriesPerRequest: null });
const quiet = { removeOnComplete: true, removeOnFail: true };
const mark = `${process.pid}-${Date.now()}`;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function add(queue, count) {
  for (let first = 0; first < count; first += 1000) {
    const jobs = [];
    for (let n = first; n < Math.min(count, first + 1000); n += 1) {
      jobs.push({ name: "send", data: { account: n % 500, fan: n, text: `Hey, new set tonight ${mark}.${n}` }, opts: quiet });
    }
    await queue.addBulk(jobs);
  }
}

async function enqueue(count) {
  const queue = new Queue(`bench-${mark}`, { connection: connect() });
  const started = performance.now();
  await add(queue, count);
  const seconds = (performance.now() - started) / 1000;
  await queue.obliterate({ force: true });
  return { seconds };
}

function post(agent, url, key, text) {
  return new Promise((done, fail) => {
    const headers = { "content-type": "application/json", "idempotency-key": key, authorization: `Bearer ${process.env.PLATFORM_KEY}` };
    const request = http.request(url, { method: "POST", agent, headers }, (answer) => {
      answer.resume();
      answer.on("end", () => (answer.statusCode === 200 ? done() : fail(new Error(`${answer.statusCode}`))));
    });
    request.on("error", fail);
    request.end(JSON.stringify({ text }));
  });
}

async function process_(count, url) {
  const queue = new Queue(`bench-${mark}`, { connection: connect() });
  await add(queue, count);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 400 });
  const started = performance.now();
  const before = process.cpuUsage();
  await new Promise((done) => {
    let finished = 0;
    const worker = new Worker(queue.name, (job) => post(agent, url, `${mark}-${job.data.fan}`, job.data.text), {
      connection: connect(), concurrency: 200,
    });
    worker.on("completed", () => ((finished += 1) === count ? done() : undefined));
    worker.on("failed", (_, error) => { throw error; });
  });
  const used = process.cpuUsage(before);
  return { seconds: (performance.now() - started) / 1000, cpu: (used.user + used.system) / 1e6 };
}

function counts(times, window) {
  let start = 0;
  return times.sort((a, b) => a - b).map((at, end) => {
    while (times[start] <= at - window) start += 1;
    return end - start + 1;
  });
}

async function limit(accounts, max, duration, seconds) {
  const arrivals = [];
  const workers = [];
  for (let account = 0; account < accounts; account += 1) {
    const queue = new Queue(`bench-${mark}-${account}`, { connection: connect() });
    const each = Math.ceil((seconds * 1000 * max) / duration) + 3 * max;
    await queue.addBulk(Array.from({ length: each }, (_, n) => ({ name: "send", data: { n }, opts: quiet })));
    const times = [];
    arrivals.push(times);
    workers.push(new Worker(queue.name, async () => {
      await sleep(10 + Math.random() * 240);
      times.push(performance.now());
      await sleep(10 + Math.random() * 240);
    }, { connection: connect(), concurrency: max, limiter: { max, duration } }));
  }
  await sleep(seconds * 1000);
  const all = arrivals.map((times) => counts(times, duration));
  const flat = all.flat();
  const over = flat.filter((found) => found > max).length;
  return {
    sends: flat.length, max_in_window: Math.max(0, ...flat), violations: over,
    share_over: over / Math.max(1, flat.length), connections: accounts * 3,
  };
}

const modes = {
  enqueue: () => enqueue(+rest[0]),
  process: () => process_(+rest[0], rest[1]),
  limit: () => limit(+rest[0], +rest[1], +rest[2], +rest[3]),
};
console.log(JSON.stringify(await modes[mode]()));
process.exit(0);
