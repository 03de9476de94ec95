#!/usr/bin/env node
// Stands in for Pulumi's command line: it sends the events in a file to the Automation API, one after another. An event
// `{"waitFor": "FILE"}` pauses until that file exists; the first SIGINT is confirmed, and the second ends the command.
// If the file `busy` exists, the second is lost. If the file `events.N` exists, the Nth update uses it.
const { existsSync, appendFileSync, readFileSync } = require("node:fs");
const grpc = require("@grpc/grpc-js");
const { EventsClient } = require("@pulumi/pulumi/proto/events_grpc_pb");
const { EventRequest } = require("@pulumi/pulumi/proto/events_pb");

const folder = process.env.STUB_FOLDER ?? "";
const [command, ...args] = process.argv.slice(2);
appendFileSync(`${folder}/calls`, `${[command, ...args].join(" ")}\n`);

async function main() {
    if (command === "version") {
        console.log("v3.260.0");
    } else if (command === "stack" && args[0] === "output") {
        console.log(readFileSync(`${folder}/outputs.json`, "utf8"));
    } else if (command === "stack" && args[0] === "history") {
        console.log('[{"kind":"update","result":"succeeded"}]');
    } else if (command === "config") {
        console.log(JSON.stringify({ value: readFileSync(`${folder}/zones`, "utf8"), secret: false }));
    } else if (existsSync(`${folder}/stderr`)) {
        console.error(readFileSync(`${folder}/stderr`, "utf8"));
        process.exitCode = 255;
    } else {
        await update();
    }
}

async function update() {
    const address = (args[args.indexOf("--event-log") + 1] ?? "").replace("tcp://", "");
    const client = new EventsClient(address, grpc.credentials.createInsecure());
    const stream = client.streamEvents(() => client.close());
    const send = (/** @type {object} */ event) => stream.write(new EventRequest().setEvent(JSON.stringify(event)));
    let interrupts = 0;
    process.on("SIGINT", () => {
        interrupts += 1;
        appendFileSync(`${folder}/interrupts`, "x");
        const last = existsSync(`${folder}/busy`) ? 3 : 2;
        if (interrupts === 1 || interrupts === last) {
            console.log(`^C received; ${interrupts === 1 ? "cancelling" : "terminating"}`);
        }
        if (interrupts === last) {
            stream.on("finish", () => process.exit(255)).end();
        }
    });
    let failed = false;
    const number = readFileSync(`${folder}/calls`, "utf8").match(/^up /gm)?.length ?? 0;
    const own = `${folder}/events.${number}`;
    for (const line of readFileSync(existsSync(own) ? own : `${folder}/events`, "utf8")
        .trim()
        .split("\n")) {
        const event = JSON.parse(line);
        while (event.waitFor && !existsSync(`${folder}/${event.waitFor}`)) {
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        failed ||= event.diagnosticEvent?.severity === "error";
        send(event);
    }
    stream.end();
    process.exitCode = failed ? 255 : 0;
}

void main();
