import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { TestEmulator } from "../../src/testing";
import { readState } from "../../src/vm/process/shims/container-state.js";
import { ACCOUNT, cloudConfig, PROJECT_ID, TestInstance } from "./support";

const REPOSITORY = `projects/${PROJECT_ID}/locations/us-central1/repositories/trainer`;
let emulator: TestEmulator;
let registryUri: string;
let folders: string;

beforeAll(async () => {
    folders = mkdtempSync(path.join(tmpdir(), "trainers-"));
    emulator = await TestEmulator.start();
    await emulator.call("POST", `/v1/projects/${PROJECT_ID}/serviceAccounts`, {
        body: { accountId: "trainer", serviceAccount: {} },
    });
    const parent = REPOSITORY.replace("/trainer", "");
    const made = await emulator.call("POST", `/v1/${parent}?repositoryId=trainer`, { body: { format: "DOCKER" } });
    registryUri = String(made.at("response.registryUri"));
    const binding = { role: "roles/artifactregistry.reader", members: [`serviceAccount:${ACCOUNT}`] };
    await emulator.call("POST", `/v1/${REPOSITORY}:setIamPolicy`, { body: { policy: { bindings: [binding] } } });
});
afterAll(async () => {
    await emulator.stop();
    rmSync(folders, { recursive: true, force: true });
});

/** Adds a trainer folder with this start script as an image, and returns its reference by digest. */
async function trainer(name: string, start: string | undefined, files: Record<string, string> = {}): Promise<string> {
    const folder = path.join(folders, name);
    mkdirSync(folder);
    const scripts = start === undefined ? {} : { start };
    for (const [file, content] of Object.entries({ ...files, "package.json": JSON.stringify({ scripts }) })) {
        writeFileSync(path.join(folder, file), content);
    }
    const body = { image: `${registryUri}/${name}`, folder };
    return String((await emulator.call("POST", "/emulator/v1/images", { body })).at("image"));
}

/** Adds a folder whose image has its own command, and returns the image's reference by digest. */
async function program(name: string, command: string, files: Record<string, string>): Promise<string> {
    const folder = path.join(folders, name);
    mkdirSync(folder);
    for (const [file, content] of Object.entries(files)) {
        writeFileSync(path.join(folder, file), content);
    }
    const body = { image: `${registryUri}/${name}`, folder, command };
    return String((await emulator.call("POST", "/emulator/v1/images", { body })).at("image"));
}

let made = 0;

/** Runs a script in its own VM and returns what it printed. */
async function inVm(script: string): Promise<string[]> {
    made += 1;
    const lines = [
        "export HOME=$PWD/home GCE_METADATA_HOST=${EMULATOR_VM_CONTROL#http://}",
        "GCE_METADATA_HOST=${GCE_METADATA_HOST%%/*}",
        `docker-credential-gcr configure-docker --registries ${registryUri.split("/")[0]} 2>/dev/null`,
        script,
    ];
    const vm = await TestInstance.create(
        emulator,
        `vm-${made}`,
        cloudConfig({ "/etc/t.sh": lines.join("\n") }, ["bash", "/etc/t.sh"]),
        { serviceAccounts: [{ email: ACCOUNT, scopes: ["https://www.googleapis.com/auth/devstorage.read_only"] }] },
    );
    const serial = await vm.untilSerial("cloud-init[2]: finished");
    await vm.delete();
    return [...serial.matchAll(/cloud-init\[2\]: (.*)/g)].map((match) => match[1] ?? "").slice(1, -1);
}

const STATE = "docker inspect -f '{{.State.Status}} {{.State.Running}} {{.State.ExitCode}} {{.State.OOMKilled}}'";

describe("docker in a VM with the process runtime", () => {
    it("runs an image's own command in its folder, followed by the arguments", async () => {
        const script = "console.log(process.cwd().split('/').pop(), process.argv.slice(2))";
        const image = await program("command", `'${process.execPath}' 'my main.js'`, { "my main.js": script });
        const output = await inVm(
            `docker run -d --name box ${image} '--a=x y' >/dev/null; docker wait box; docker logs box`,
        );
        expect(output).toEqual(["0", "command [ '--a=x y' ]"]);
    });

    it("supports pull, run, logs --follow, wait and inspect", async () => {
        const script =
            "console.log(process.argv.slice(2)); console.error('err');" +
            "setInterval(() => require('node:fs').existsSync(process.env.END) && process.exit(3), 50)";
        const image = await trainer("plain", "node main.js", { "main.js": script });
        const output = await inVm(`
docker pull ${image} | head -1
docker run -d --name box --memory 512m --env END=$PWD/end ${image} '--a=x y' '--b="$HOME" %' >/dev/null
${STATE} box; touch end; docker logs -f box; docker wait box; ${STATE} box`);
        expect(output).toEqual([
            `Digest: ${image.split("@")[1]}`,
            "running true 0 false",
            `[ '--a=x y', '--b="$HOME" %' ]`,
            "err",
            "3",
            "exited false 3 false",
        ]);
    });

    it("keeps all output of a failing program that prints hundreds of thousands of short lines", async () => {
        const script = `let text = ""; for (let i = 0; i < 300000; i++) text += i + "\\n";
            process.stdout.write(text, () => { console.error("no such layer"); process.exit(3); });`;
        const image = await trainer("chatty", "node main.js", { "main.js": script });
        const output = await inVm(
            `docker run -d --name box ${image} >/dev/null; docker logs -f box 2>&1 | tee log | tail -2; wc -l <log; docker logs box 2>&1 | cmp - log; ${STATE} box`,
        );
        expect(output).toEqual(["299999", "no such layer", "300001", "exited false 3 false"]);
    });

    it("removes a container that a power cut left without a state", async () => {
        const image = await trainer("half", "echo done");
        const output = await inVm(
            `mkdir -p "$EMULATOR_VM_DIR/docker/containers/box"; docker rm --force --volumes box; docker run -d --name box ${image} >/dev/null && docker wait box`,
        );
        expect(output).toEqual(["0"]);
    });

    it("runs the short commands of a boot script without Node.js, which handles everything else", async () => {
        const image = await trainer("short", "exit 3");
        const output = await inVm(
            `sed 's/^exec .*/echo needs Node.js/' "$(command -v docker)" >short
            docker run -d --name box ${image} >/dev/null
            docker wait box >/dev/null
            for command in 'wait box' 'inspect --format {{.State.Status}}/{{.State.ExitCode}} box' 'inspect --format {{.Name}} box' \
                'rm --force --volumes none' 'rm --force --volumes box' 'inspect --format {{.State.Status}} box'; do
                sh short $command
            done
            ls "$EMULATOR_VM_DIR/docker/containers"`,
        );
        expect(output).toEqual(["3", "exited/3", "needs Node.js", "box", "needs Node.js"]);
    });

    it("gives a container only its own environment and the requested variables", async () => {
        const image = await trainer("env", "node main.js", {
            "main.js": "console.log(Object.keys(process.env).sort().join())",
        });
        const output = await inVm(
            `export A=1 B=2; docker run -d --name box -e A -e C=3 ${image} >/dev/null; docker wait box; docker logs box`,
        );
        expect(output[0]).toBe("0");
        const names = (output[1] ?? "")
            .split(",")
            .filter((name) => !/^(_|PWD|SHLVL|OLDPWD|TMPDIR|NODE_EXTRA_CA_CERTS|SystemRoot|TEMP)$/.test(name));
        expect(names).toEqual(["A", "C", "HOME", "PATH"]);
    });

    it("exits with 127 if no program is found on the container's PATH", async () => {
        const image = await trainer("lost", "node main.js", { "main.js": "" });
        const output = await inVm(
            `docker run -d --name box -e PATH=/nowhere ${image} >/dev/null; docker wait box; docker logs box; ${STATE} box`,
        );
        expect(output).toEqual(["127", expect.stringMatching(/node.*not found/), "exited false 127 false"]);
    });

    it("reports a program that cannot be started, and exits with 127", async () => {
        const dir = path.join(folders, "unstartable");
        mkdirSync(dir);
        const spec = {
            id: "a",
            name: "box",
            image: "sha256:a",
            script: "true",
            args: [],
            cwd: path.join(dir, "gone"),
            env: {},
        };
        const supervisor = fork(path.join(__dirname, "../../src/vm/process/shims/docker-supervisor.js"), [dir], {
            execArgv: [],
        });
        supervisor.send(spec);
        const exited = once(supervisor, "exit");
        await expect(once(supervisor, "message")).resolves.toEqual([
            { error: `the trainer's folder ${spec.cwd} does not exist` },
            undefined,
        ]);
        await exited;
        expect(readState(dir)).toMatchObject({
            Process: null,
            State: { Running: false, Pid: 0, ExitCode: 127, Error: expect.stringContaining("does not exist") },
        });
    });

    it("stops a container with SIGTERM, and kills one that ignores it", async () => {
        const polite = "process.on('SIGTERM', () => process.exit(9)); console.log('up'); setInterval(() => {}, 1000)";
        const deaf = "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)";
        const images = [
            await trainer("polite", "node main.js", { "main.js": polite }),
            await trainer("deaf", "node main.js", { "main.js": deaf }),
        ];
        const up = "until docker logs box | grep -q up; do :; done";
        const output = await inVm(`
docker run -d --name box ${images[0]} >/dev/null; ${up}; docker stop -t 20 box; docker wait box; docker rm box
docker run -d --name box ${images[1]} >/dev/null; ${up}; docker stop --time 0 box; docker wait box
docker rm -f box none; docker inspect box; true`);
        expect(output).toEqual([
            "box",
            "9",
            "box",
            "box",
            "137",
            "box",
            "Error response from daemon: No such container: box",
        ]);
    });

    it("kills a container along with all its processes", async () => {
        const image = await trainer("tree", "sleep 31.71 & sleep 31.71 & echo up; wait");
        await inVm(`docker run -d --name box ${image}; until docker logs box | grep -q up; do :; done`);
        expect(execFileSync("ps", ["-Ao", "args="], { encoding: "utf8" })).not.toMatch(/^sleep 31\.71/m);
    });

    it("keeps multibyte characters and long lines of output intact", async () => {
        const script = "process.stdout.write('ü'.repeat(40000) + '\\n'); process.stdout.write('no line end')";
        const image = await trainer("output", "node main.js", { "main.js": script });
        const output = await inVm(
            `docker run -d --name box ${image} >/dev/null; docker wait box; docker logs -f box | LC_ALL=C.UTF-8 wc -cm`,
        );
        expect(output[1]?.trim().split(/\s+/)).toEqual(["40012", "80012"]);
    });

    it("reports that a trainer without a start script requires Docker", async () => {
        const image = await trainer("scriptless", undefined);
        expect((await inVm(`docker run -d --name box ${image}; echo $?`)).join("\n")).toMatch(
            /no "start" script.*needs Docker[\s\S]*125$/,
        );
    });

    it("rejects an image that was never pushed, with docker's own message", async () => {
        const none = `${registryUri}/plain@sha256:${"0".repeat(64)}`;
        const output = await inVm(
            `docker pull ${none}; echo $?; HOME=/nowhere docker pull ${none}; docker run -d --name box ${none}; true`,
        );
        expect(output).toEqual([
            expect.stringMatching(/^Error response from daemon: manifest for .* not found: manifest unknown/),
            "1",
            expect.stringMatching(/^Error response from daemon: Head .* denied: Unauthenticated/),
            expect.stringMatching(/not found: manifest unknown/),
        ]);
    });

    it("can pull only what IAM allows the VM's account to pull", async () => {
        const parent = REPOSITORY.replace("/trainer", "");
        await emulator.call("POST", `/v1/${parent}?repositoryId=other`, { body: { format: "DOCKER" } });
        const output = await inVm(`docker pull ${registryUri.replace("trainer", "other")}/x:latest`);
        expect(output[0]).toMatch(
            /denied: Permission "artifactregistry.repositories.downloadArtifacts" denied on resource/,
        );
    });

    it("shows containers from an earlier boot as killed, with their logs", async () => {
        const image = await trainer("rebooted", "echo hello; exec sleep 31.72");
        const script = `
export HOME=$PWD/var GCE_METADATA_HOST=\${EMULATOR_VM_CONTROL#http://}; GCE_METADATA_HOST=\${GCE_METADATA_HOST%%/*}
docker-credential-gcr configure-docker --registries ${registryUri.split("/")[0]} 2>/dev/null
docker inspect box >/dev/null 2>&1 && { ${STATE} box; docker logs box; } || docker run -d --name box ${image}
until docker logs box | grep -q hello; do :; done; echo done; systemctl poweroff`;
        const account = [{ email: ACCOUNT, scopes: [] }];
        const config = cloudConfig({ "/etc/t.sh": script }, ["bash", "/etc/t.sh"]);
        const vm = await TestInstance.create(emulator, "rebooted", config, { serviceAccounts: account });
        await vm.untilStatus("TERMINATED");
        await vm.post("start");
        await vm.untilSerial("exited false 137 false");
        await vm.untilStatus("TERMINATED");
        expect(execFileSync("ps", ["-Ao", "args="], { encoding: "utf8" })).not.toMatch(/^sleep 31\.72/m);
    });
});
