import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { CliCommand } from "../helpers/cli-command";
import { BASE_IMAGES, describeWithDocker, docker } from "../helpers/docker";
import { copyProject, type ProjectCopy } from "../helpers/project-copy";

/** The emulator's secret store, in the folder of one rehearsal. */
const STORE = /^\.emulator\/[^/]+\/secret-manager\/payloads\//;
/** The emulator's push subscriptions, which contain the URL in `notify`. */
const SUBSCRIPTIONS = /^\.emulator\/[^/]+\/pubsub\//;
/** The stack file, into which the user wrote that URL. */
const STACK_FILE = "Pulumi.local.yaml";

/** A trainer that prints hashes of its secrets, waits until it may continue, and writes a model. */
const TRAINER = `
const { createHash } = require("node:crypto");
const hash = (name) => createHash("sha256").update(process.env[name]).digest("hex");
const [, bucket, prefix] = /^gs:\\/\\/([^/]+)\\/(.*)$/.exec(process.env.AIP_MODEL_DIR);
const go = process.argv.find((arg) => arg.startsWith("--go=")).slice("--go=".length);
const name = encodeURIComponent(prefix + "model.json");
const upload = process.env.STORAGE_EMULATOR_HOST + "/upload/storage/v1/b/" + bucket + "/o?uploadType=media&name=" + name;
console.log("hashes: " + ["API_KEY", "MULTI_LINE", "LICENCE"].map(hash).join(" "));
fetch(go).then(() => fetch(upload, { method: "POST", body: "{}" })).then(({ ok }) => process.exit(ok ? 0 : 1));
`;

/** Creates a value that occurs nowhere else and that quoting and encodings leave unchanged. */
const canary = () => `canary${randomBytes(12).toString("hex")}`;

/** The forms that a canary can take in a file: unchanged, or in base64 at each of the three alignments. */
function formsOf(value: string): string[] {
    const aligned = [0, 1, 2].map((shift) =>
        Buffer.concat([Buffer.alloc(shift), Buffer.from(value)])
            .toString("base64")
            .slice(shift === 0 ? 0 : 4, -4),
    );
    return [value, ...aligned, Buffer.from(value).toString("hex")];
}

/** Finds the files below a folder and the process arguments on this machine that contain a canary. */
function placesOf(canaries: readonly string[], folder: string): string[] {
    const forms = canaries.flatMap(formsOf);
    const has = (content: Buffer) => forms.some((form) => content.includes(form));
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
        .filter((file) => !file.includes("/node_modules/") && has(read(file)));
    const processes = readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => `/proc/${pid}/cmdline`)
        .filter((file) => has(read(file)));
    return [...files.map((file) => path.relative(folder, file)), ...processes];
}

/** A file or process may disappear during the search. */
function read(file: string): Buffer {
    try {
        return readFileSync(file);
    } catch {
        return Buffer.alloc(0);
    }
}

let project: ProjectCopy;
/** The content of the stack file. */
let stackConfig: string;
let server: Server;

beforeAll(async () => {
    project = copyProject();
    stackConfig = readFileSync(path.join(project.folder, STACK_FILE), "utf8");
    const folder = path.join(project.folder, "own");
    mkdirSync(folder);
    mkdirSync(path.join(project.folder, "tmp"));
    writeFileSync(path.join(folder, "package.json"), '{"scripts":{"start":"node train.js"}}');
    writeFileSync(path.join(folder, "train.js"), TRAINER);
    writeFileSync(
        path.join(folder, "Dockerfile"),
        `FROM ${BASE_IMAGES.RUNTIME_IMAGE}\nCOPY train.js /train.js\nENTRYPOINT ["/nodejs/bin/node", "/train.js"]\n`,
    );
    server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
});
afterAll(() => {
    server.closeAllConnections();
    server.close();
    project.remove();
});

/** Runs a rehearsal with three secrets and a secret URL, and searches for them during training and at the end. */
async function findSecrets(runtime: string): Promise<void> {
    const canaries = [canary(), canary(), canary()] as const;
    const hook = canary();
    const stackFile = path.join(project.folder, STACK_FILE);
    writeFileSync(stackFile, `${stackConfig}  gcp-trainer:notify: https://127.0.0.1:9/${hook}\n`);
    // The URL may be in the stack file and in the subscription, but like the secrets, nowhere else.
    const isAllowedForHook = (place: string) => place === STACK_FILE || SUBSCRIPTIONS.test(place);
    const env = {
        API_KEY: canaries[0],
        MULTI_LINE: `two lines: "\n$HOME \`id\` \\ '${canaries[1]}'\n\n`,
        LICENCE: canaries[2],
    };
    const hyperparameters = JSON.stringify({ go: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
    const config = ["trainer=own", `hyperparameters=${hyperparameters}`, 'secretEnv={"LICENCE":"licence:2"}'];
    const args = [
        ...["--runtime", runtime],
        ...config.flatMap((value) => ["--config", value]),
        ...Object.keys(env).flatMap((name) => ["--secret-env", name]),
    ];
    const tmp = { TMPDIR: path.join(project.folder, "tmp") };
    const command = new CliCommand("start", args, { cwd: project.folder, env: { ...env, ...tmp } });
    const asked = once(server, "request") as Promise<[unknown, ServerResponse]>;
    const response = await Promise.race([asked.then(([, found]) => found), command.ended]);
    if (!("end" in response)) {
        throw new Error(`The rehearsal ended before the trainer ran:\n${response.output}`);
    }
    const during = placesOf(canaries, project.folder);
    const duringHook = placesOf([hook], project.folder);
    response.end();
    const { status, output } = await command.ended;
    expect({ status, output }).toMatchObject({ status: 0 });
    const hashes = Object.values(env).map((value) => createHash("sha256").update(value).digest("hex"));
    expect(output).toContain(`hashes: ${hashes.join(" ")}`);
    expect(during.filter((place) => !STORE.test(place))).toEqual([]);
    // This proves that the search itself works.
    expect(during.length).toBeGreaterThan(0);
    expect(duringHook.filter((place) => !isAllowedForHook(place))).toEqual([]);
    expect(duringHook.length).toBeGreaterThan(1);
    expect(placesOf(canaries, project.folder)).toEqual([]);
    expect(placesOf([hook], project.folder)).toEqual([STACK_FILE]);
    expect([...canaries, hook].filter((value) => output.includes(value))).toEqual([]);
    expect(output).toContain("Left to bill: nothing.");
}

describe("secrets of a rehearsal", () => {
    it("reach the trainer and appear only in the emulator's secret store", () => findSecrets("process"));
});

describeWithDocker("secrets in a rehearsal in containers", () => {
    it("do not appear in docker's arguments, and the container is removed at the end", async () => {
        await findSecrets("docker");
        expect(
            docker("ps", "--all", "--format", "{{.Names}}")
                .split("\n")
                .filter((name) => name.includes("gcp-trainer-local")),
        ).toEqual([]);
    });
});
