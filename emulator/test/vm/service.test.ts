import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Service } from "../../src/vm/process/units/service";
import { loadServiceUnit } from "../../src/vm/process/units/service-unit";
import { VmFiles } from "../../src/vm/process/vm-files";

let disk: string;

beforeAll(() => {
    disk = mkdtempSync(path.join(tmpdir(), "service-test-"));
});
afterAll(() => rmSync(disk, { recursive: true, force: true }));

/** The effects of starting a service once. */
interface Run {
    readonly service: Service;
    /** Output from the unit's commands, in order. */
    readonly output: string[];
    /** Messages from systemd itself. */
    readonly log: string[];
}

let made = 0;

/** Starts a service whose commands are shell lines: `ExecStart=@ echo hi` becomes a script in the user-data. */
function start(...lines: string[]): Run {
    made += 1;
    const files = new VmFiles(path.join(disk, String(made)));
    files.format();
    const text = lines.map((line, index) => {
        const match = /^(Exec\w+=-?)@ (.*)$/s.exec(line);
        if (match === null) {
            return line;
        }
        const path = `/etc/test/${index}.sh`;
        files.write({ path, content: Buffer.from(match[2] ?? ""), mode: 0o644 });
        return `${match[1]}/bin/bash ${path}`;
    });
    const unit = loadServiceUnit("t.service", [{ path: "t", text: ["[Service]", ...text].join("\n") }]);
    const output: string[] = [];
    const log: string[] = [];
    const service = new Service(unit, {
        env: { PATH: process.env.PATH ?? "" },
        root: files.root,
        ownPaths: files.ownPaths,
        toHostPath: (path) => files.toHostPath(path),
        resolveProgram: (program) => files.resolveProgram(program),
        log: (source, line) => (source === "systemd[1]" ? log : output).push(line),
    });
    return { service, output, log };
}

async function run(...lines: string[]): Promise<Run> {
    const started = start(...lines);
    await started.service.finished;
    return started;
}

async function until(condition: () => boolean): Promise<void> {
    while (!condition()) {
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
}

/** Finds processes that are sleeping for this number of seconds, which no other program uses. */
function sleepers(seconds: string): string[] {
    const commands = execFileSync("ps", ["-Ao", "args="], { encoding: "utf8" }).split("\n");
    return commands.filter((command) => command.trim() === `sleep ${seconds}`);
}

const POST = 'ExecStopPost=@ echo "post $SERVICE_RESULT ${EXIT_CODE-unset} ${EXIT_STATUS-unset}"';

describe("a service", () => {
    it("runs ExecStartPre, ExecStart and ExecStopPost in order", async () => {
        const { service, output } = await run("ExecStartPre=@ echo pre", "ExecStart=@ echo main", POST);
        expect(output).toEqual(["pre", "main", "post success exited 0"]);
        expect(service).toMatchObject({ state: "inactive", result: "success" });
    });

    it("fails with the exit status of its main process", async () => {
        const { service, output } = await run("ExecStart=@ exit 3", POST);
        expect(output).toEqual(["post exit-code exited 3"]);
        expect(service).toMatchObject({ state: "failed", result: "exit-code" });
    });

    it("fails with the signal that killed its main process", async () => {
        const { service, output } = await run("ExecStart=@ kill -KILL $$", POST);
        expect(output).toEqual(["post signal killed KILL"]);
        expect(service.result).toBe("signal");
    });

    it("is successful if its main process is terminated by SIGTERM", async () => {
        const { service } = await run("ExecStart=@ kill -TERM $$", POST);
        expect(service.result).toBe("success");
    });

    it("skips ExecStart after a failed ExecStartPre, but runs ExecStopPost without EXIT_CODE", async () => {
        const { service, output } = await run(
            "ExecStartPre=@ exit 1",
            "ExecStart=@ echo main",
            "ExecStop=@ echo stop",
            POST,
        );
        expect(output).toEqual(["post exit-code unset unset"]);
        expect(await service.started).toBe(false);
    });

    it("continues if a command with the prefix - fails", async () => {
        const { service, output } = await run(
            "ExecStartPre=-@ exit 1",
            "ExecStart=-@ exit 9",
            "ExecStopPost=-@ exit 2",
            POST,
        );
        expect(output).toEqual(["post success exited 9"]);
        expect(service.result).toBe("success");
    });

    it("fails and skips the remaining commands if an ExecStopPost fails", async () => {
        const { service, output } = await run("ExecStart=@ true", "ExecStopPost=@ exit 1", POST);
        expect(output).toEqual([]);
        expect(service.result).toBe("exit-code");
    });

    it("reports status 203 for a missing program", async () => {
        const { output } = await run("ExecStart=/nowhere/program", POST);
        expect(output.at(-1)).toBe("post exit-code exited 203");
    });

    it("runs ExecStop if the main process has exited on its own", async () => {
        const { output } = await run("ExecStart=@ echo main", "ExecStop=@ echo stop $EXIT_STATUS", POST);
        expect(output).toEqual(["main", "stop 0", "post success exited 0"]);
    });

    it("ends a start command at TimeoutStartSec", async () => {
        const { output, log } = await run(
            "TimeoutStartSec=100ms",
            "ExecStartPre=@ sleep 30",
            "ExecStart=@ echo main",
            POST,
        );
        expect(output).toEqual(["post timeout unset unset"]);
        expect(log).toContain("t.service: start-pre operation timed out. Terminating.");
    });

    it("gives each start command its own TimeoutStartSec", async () => {
        const pre = "ExecStartPre=@ sleep 6";
        const { service } = await run("TimeoutStartSec=11s", pre, pre, "ExecStart=@ true");
        expect(service.result).toBe("success");
    });

    it("ends the main process at RuntimeMaxSec", async () => {
        const { output } = await run("RuntimeMaxSec=100ms", "ExecStart=@ exec sleep 30", POST);
        expect(output).toEqual(["post timeout killed TERM"]);
    });

    it("keeps the result timeout even if the main process then exits with a status of its own", async () => {
        const main = "ExecStart=@ trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done";
        const { output } = await run("RuntimeMaxSec=10s", main, POST);
        expect(output.at(-1)).toBe("post timeout exited 7");
    });

    it("kills a main process that ignores SIGTERM after TimeoutStopSec", async () => {
        const main = "ExecStart=@ trap '' TERM; echo up; while :; do sleep 0.01; done";
        const { service, output } = start("TimeoutStopSec=10s", main, POST);
        await until(() => output.includes("up"));
        service.requestStop();
        await service.finished;
        expect(output).toEqual(["up", "post timeout killed KILL"]);
    });

    it("ends an ExecStopPost that exceeds TimeoutStopSec", async () => {
        const { service } = await run("TimeoutStopSec=100ms", "ExecStart=@ true", "ExecStopPost=@ exec sleep 30");
        expect(service.result).toBe("timeout");
    });

    it("sends SIGTERM only to the main process with KillMode=mixed, and kills the rest at the end", async () => {
        const main =
            "ExecStart=@ (trap 'echo child got it' TERM; exec sleep 31.41) & trap 'exit 0' TERM; echo up; wait";
        const { service, output } = start("KillMode=mixed", main, "ExecStopPost=@ echo post");
        await until(() => output.includes("up") && sleepers("31.41").length === 1);
        service.requestStop();
        await service.finished;
        expect(output).toEqual(["up", "post"]);
        expect(sleepers("31.41")).toEqual([]);
    });

    it("sends SIGTERM to all processes with KillMode=control-group", async () => {
        const child = "(trap 'echo child; exit' TERM; echo ready; while :; do sleep 0.01; done)";
        const { service, output } = start(`ExecStart=@ ${child} & trap 'wait; exit 0' TERM; wait`);
        await until(() => output.includes("ready"));
        service.requestStop();
        await service.finished;
        expect(output).toContain("child");
    });

    it("kills processes left behind by the main process, then runs ExecStopPost", async () => {
        const post = "ExecStopPost=@ pgrep -f '^sleep 31[.]42' || echo none";
        const { output } = await run("KillMode=mixed", "ExecStart=@ sleep 31.42 & exit 0", post);
        expect(output).toEqual(["none"]);
    });

    it("aborts a start in progress when it is stopped", async () => {
        const { service, output } = start("ExecStartPre=@ echo up; exec sleep 30", "ExecStart=@ echo main", POST);
        await until(() => output.includes("up"));
        service.requestStop();
        await service.finished;
        expect(output).toEqual(["up", "post signal unset unset"]);
    });

    it("runs no further commands after a power cut", async () => {
        const { service, output } = start("ExecStart=@ echo up; sleep 31.43", POST);
        await until(() => output.includes("up"));
        service.kill();
        await service.finished;
        expect(output).toEqual(["up"]);
        expect(sleepers("31.43")).toEqual([]);
    });

    it("has its directories, an INVOCATION_ID, and an environment with the VM's paths", async () => {
        const main =
            "ExecStart=@ echo $STATE_DIRECTORY; echo $INVOCATION_ID; echo $HOME; echo $PLAIN; touch $RUNTIME_DIRECTORY/x; pwd";
        const { output } = await run(
            "StateDirectory=t",
            "RuntimeDirectory=r",
            "Environment=HOME=/var/lib/t PLAIN=/etc/fstab",
            main,
        );
        const root = path.join(disk, String(made), "root");
        expect(output).toEqual([
            path.join(root, "var/lib/t"),
            expect.stringMatching(/^[0-9a-f]{32}$/),
            path.join(root, "var/lib/t"),
            "/etc/fstab",
            root,
        ]);
        expect(readdirSync(path.join(root, "run"))).toEqual([]);
    });

    it("prints the last line of output even if it has no line break", async () => {
        const { output } = await run("ExecStart=@ printf 'a\\nb'; printf c >&2");
        expect(output.sort()).toEqual(["a", "b", "c"]);
    });
});

describe("VmFiles", () => {
    it("is empty at every boot except for /var", () => {
        const files = new VmFiles(path.join(disk, "files"));
        files.format();
        files.write({ path: "/etc/a/b", content: Buffer.from("x"), mode: 0o600 });
        mkdirSync(files.toHostPath("/var/lib/x"), { recursive: true });
        writeFileSync(files.toHostPath("/var/lib/x/y"), "");
        files.format();
        expect(readdirSync(files.toHostPath("/etc"))).toEqual([]);
        expect(readdirSync(files.toHostPath("/var/lib/x"))).toEqual(["y"]);
    });
});
