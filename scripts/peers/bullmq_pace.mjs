// Empty jobs through BullMQ: `bullmq_pace.mjs fill N` adds jobs, `bullmq_pace.mjs work N` does them, N at a time, until
// it is killed. Finished jobs are kept. PACE_PORT names the server's port.
import { Queue, Worker } from "bullmq";

const connection = { host: "127.0.0.1", port: Number(process.env.PACE_PORT), maxRetriesPerRequest: null };
const [mode, count] = [process.argv[2], Number(process.argv[3])];

if (mode === "fill") {
  const queue = new Queue("pace", { connection });
  for (let done = 0; done < count; done += 1000) {
    const size = Math.min(1000, count - done);
    await queue.addBulk(Array.from({ length: size }, () => ({ name: "empty", data: {} })));
  }
  await queue.close();
} else {
  const worker = new Worker("pace", async () => null, { connection, concurrency: count });
  worker.on("error", (error) => console.error(error));
}
