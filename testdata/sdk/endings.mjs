// Streams chats whose endings the far end decides, with the official client.
// Arguments: ENDPOINT TIMES KINDS, a list in JSON. Prints for each kind how many
// streams ended with an exception, how many with a finish reason and no exception,
// and how many with neither.
import { AzureOpenAI } from "openai";

const [endpoint, times, kinds] = process.argv.slice(2);
const client = new AzureOpenAI({ endpoint, apiKey: "key", apiVersion: "2024-10-21", maxRetries: 0, logLevel: "off" });

async function one(kind, n) {
  let finish = null;
  try {
    const stream = await client.chat.completions.create({
      model: "gpt-35-turbo", stream: true, messages: [{ role: "user", content: `${kind} ${n}` }],
    });
    for await (const chunk of stream) finish = chunk.choices[0]?.finish_reason ?? finish;
  } catch {
    return "error";
  }
  return finish ? "complete" : "open";
}

const results = {};
const work = [];
for (const kind of JSON.parse(kinds)) {
  results[kind] = { error: 0, complete: 0, open: 0 };
  for (let n = 0; n < Number(times); n++) work.push([kind, n]);
}
await Promise.all(Array.from({ length: 32 }, async () => {
  for (let next = work.pop(); next; next = work.pop()) results[next[0]][await one(...next)]++;
}));
console.log(JSON.stringify(results));
