/*
 * steps.cjs — runs what the caller asks of ImapFlow, step by step, and prints what came of it.
 *
 * Standard input: {"options": of the constructor, "steps": [[name, argument…] …]} as JSON.
 * Standard output: a line of JSON for each step: {"step", "result", "events"}, where events are
 * those that came since the step before.
 */
"use strict";

const { ImapFlow } = require("imapflow");

let client;
let events = [];

function plain(value) {
        return JSON.parse(JSON.stringify(value ?? null, (key, v) => {
                if (typeof v === "bigint")
                        return v.toString();
                if (v instanceof Map)
                        return Object.fromEntries(v);
                if (v instanceof Set)
                        return [...v].sort();
                return v;
        }));
}

/* Options with those of 64 bits as numbers, which JSON does not have. */
function wide(options) {
        const all = { ...options };
        for (const name of ["changedSince", "uidValidity"])
                if (all[name] !== undefined)
                        all[name] = BigInt(all[name]);
        return all;
}

/* Of an event only what does not repeat the mailbox. */
function note(name) {
        return (told) => events.push(plain({ name, ...told, mailbox: undefined }));
}

async function octets(stream) {
        const pieces = [];
        for await (const piece of stream)
                pieces.push(piece);
        return Buffer.concat(pieces).toString("latin1");
}

const steps = {
        connect: async (options) => {
                client = new ImapFlow({ logger: false, ...options });
                for (const name of ["exists", "expunge", "flags", "error", "close"])
                        client.on(name, note(name));
                await client.connect();
                return { enabled: client.enabled, capabilities: [...client.capabilities.keys()] };
        },
        list: async (options) =>
                (await client.list(options)).map(({ path, specialUse, subscribed, status }) =>
                        ({ path, specialUse, subscribed, status })),
        open: async (path, options) => client.mailboxOpen(path, wide(options)),
        mailbox: async () => client.mailbox,
        status: async (path, query) => client.status(path, query),
        create: async (path) => client.mailboxCreate(path),
        rename: async (from, to) => client.mailboxRename(from, to),
        remove: async (path) => client.mailboxDelete(path),
        append: async (path, content, flags, date) =>
                client.append(path, Buffer.from(content, "latin1"), flags, date),
        fetch: async (range, query, options) => {
                const all = [];
                for await (const message of client.fetch(range, query, wide(options)))
                        all.push({ ...message, headers: message.headers?.toString("latin1"),
                                source: message.source?.toString("latin1") });
                return all;
        },
        search: async (query, options) => client.search(query, options),
        addFlags: async (range, flags, options) => client.messageFlagsAdd(range, flags, options),
        removeFlags: async (range, flags, options) =>
                client.messageFlagsRemove(range, flags, options),
        copy: async (range, path, options) => client.messageCopy(range, path, options),
        move: async (range, path, options) => client.messageMove(range, path, options),
        expunge: async (range, options) => client.messageDelete(range, options),
        download: async (range, part, options) => {
                const { meta, content } = await client.download(range, part, options);
                return { meta, content: await octets(content) };
        },
        quota: async (path) => client.getQuota(path),
        /* What came so far: octets of the connection, and what they were before compression. */
        received: async () =>
                ({ octets: client.socket.bytesRead, unpacked: client.stats().received }),
        /* A step that the server refuses; with which response code. */
        refused: async (name, ...words) => {
                try {
                        await steps[name](...words);
                } catch (error) {
                        return error.serverResponseCode;
                }
                throw new Error(`${name} was not refused`);
        },
        noop: async () => client.noop(),
        /* Idles until that many events have come. */
        idle: async (wanted) => {
                const idling = client.idle();
                console.log(JSON.stringify({ step: "idling" }));
                while (events.length < wanted)
                        await new Promise((resolve) => client.once("exists", resolve));
                await client.noop();
                await idling;
        },
        logout: async () => client.logout(),
};

async function main() {
        const chunks = [];
        for await (const chunk of process.stdin)
                chunks.push(chunk);
        for (const [step, ...words] of JSON.parse(Buffer.concat(chunks).toString())) {
                const result = plain(await steps[step](...words));
                console.log(JSON.stringify({ step, result, events }));
                events = [];
        }
}

main().catch((error) => {
        console.error(error);
        process.exit(1);
});
