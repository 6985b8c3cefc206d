// Drives a gateway with the official client, exactly as an app would.
// Arguments: ENDPOINT KEY. Prints one JSON object of what it saw.
import { AzureOpenAI } from "openai";

const [endpoint, apiKey] = process.argv.slice(2);
const client = new AzureOpenAI({ endpoint, apiKey, apiVersion: "2024-10-21", maxRetries: 0 });
const messages = [{ role: "user", content: "Say something about load balancing." }];

const plain = await client.chat.completions.create({ model: "gpt-35-turbo", messages });

let text = "", chunks = 0, finish = null, usage = null;
const stream = await client.chat.completions.create({
  model: "gpt-35-turbo", messages, stream: true, stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  chunks++;
  usage = chunk.usage ?? usage;
  text += chunk.choices[0]?.delta?.content ?? "";
  finish = chunk.choices[0]?.finish_reason ?? finish;
}

const embedding = await client.embeddings.create({ model: "text-embedding-ada-002", input: ["one", "two"] });

const wrong = new AzureOpenAI({ endpoint, apiKey: "not-a-key", apiVersion: "2024-10-21", maxRetries: 0 });
const refused = await wrong.chat.completions.create({ model: "gpt-35-turbo", messages }).then(
  () => null, (e) => ({ name: e.constructor.name, status: e.status }));

console.log(JSON.stringify({
  plain: { role: plain.choices[0].message.role, text: plain.choices[0].message.content, finish: plain.choices[0].finish_reason, tokens: plain.usage.total_tokens },
  stream: { text, chunks, finish, tokens: usage?.total_tokens ?? 0 },
  embeddings: embedding.data.map((d) => d.embedding.length),
  refused,
}));
