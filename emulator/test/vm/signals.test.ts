import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ProcessContainers } from "../../src/vm/process/containers";
import { readState, writeState } from "../../src/vm/process/shims/container-state.js";
import {
    identify,
    membersOf,
    type ProcessId,
    signalGroups,
    signalProcess,
} from "../../src/vm/process/shims/signals.js";

// The test sends real signals only to `child`: the real function is called only for its pid.
let child: ChildProcess;
let id: ProcessId;
let sent: [number, string | number | undefined][];
let kill: jest.SpyInstance;

beforeEach(async () => {
    sent = [];
    const real = process.kill.bind(process);
    kill = jest.spyOn(process, "kill").mockImplementation((pid, signal) => {
        sent.push([pid, signal]);
        return pid === child.pid && pid > 1 ? real(pid, signal) : true;
    });
    child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { detached: true, stdio: "ignore" });
    await once(child, "spawn");
    id = identify(child.pid) as ProcessId;
});
afterEach(async () => {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined;
    kill.mockRestore();
    if (ended !== undefined) {
        child.kill("SIGKILL");
        await ended;
    }
});

const IMPOSSIBLE = [0, 1, -1, -0, Number.NaN, 1.5, Number.MAX_SAFE_INTEGER + 1, -12_345];

describe("a signal", () => {
    it("is sent to the positive pid of the started process", async () => {
        const ended = once(child, "exit");
        expect(signalProcess(id, "SIGTERM")).toBe(true);
        await expect(ended).resolves.toEqual([null, "SIGTERM"]);
        expect(sent).toEqual([[child.pid, "SIGTERM"]]);
    });

    it("reaches every process in a group without using the group's id", () => {
        signalGroups([id], "SIGKILL");
        expect(sent).toEqual([[child.pid, "SIGKILL"]]);
    });

    it.each(IMPOSSIBLE)("is never sent to the id %d", (pid) => {
        expect(signalProcess({ pid, startedAt: 0 }, "SIGKILL")).toBe(false);
        signalGroups([{ pid, startedAt: 0 }], "SIGKILL");
        expect(membersOf([{ pid, startedAt: 0 }])).toEqual([]);
        expect(sent).toEqual([]);
    });

    it("is not sent to a process that has reused an earlier process's pid", () => {
        const earlier = { pid: id.pid, startedAt: id.startedAt - 1 };
        const later = { pid: id.pid, startedAt: id.startedAt + 1 };
        for (const other of [earlier, later]) {
            expect(signalProcess(other, "SIGKILL")).toBe(false);
            signalGroups([other], "SIGKILL");
        }
        expect(sent).toEqual([]);
    });

    it("is not sent to a process that has exited", async () => {
        const ended = once(child, "exit");
        signalProcess(id, "SIGKILL");
        await ended;
        sent = [];
        expect(signalProcess(id, "SIGKILL")).toBe(false);
        signalGroups([id], "SIGKILL");
        expect(sent).toEqual([]);
    });
});

describe("identify", () => {
    it.each([undefined, ...IMPOSSIBLE])("finds no process for the id %p", (pid) => {
        expect(identify(pid)).toBeUndefined();
    });
});

describe("containers whose VM loses power", () => {
    let folder: string;
    beforeEach(() => {
        folder = mkdtempSync(path.join(tmpdir(), "containers-"));
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    // The state of a container whose program could not be started may contain Pid 0, which to the kernel means the
    // caller's own group.
    it.each([null, { pid: 0, startedAt: 0 }, { pid: 1, startedAt: 0 }, { pid: -1, startedAt: 0 }])(
        "are stopped without a signal if their process is %j",
        async (process) => {
            const dir = path.join(folder, "docker/containers/trainer");
            mkdirSync(dir, { recursive: true });
            writeState(dir, {
                Process: process,
                Id: "a",
                Name: "/trainer",
                Image: "sha256:a",
                State: {
                    Status: "running",
                    Running: true,
                    OOMKilled: false,
                    Pid: process?.pid ?? 0,
                    ExitCode: 0,
                    Error: "",
                    StartedAt: "2026-01-01T00:00:00Z",
                    FinishedAt: "0001-01-01T00:00:00Z",
                },
            });

            await new ProcessContainers(folder).powerOff();
            expect(sent).toEqual([]);
            expect(readState(dir)).toMatchObject({ Process: null, State: { Running: false, ExitCode: 137 } });
        },
    );
});
