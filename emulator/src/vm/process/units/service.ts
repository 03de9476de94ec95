import { rmSync } from "node:fs";
import { deferred, race } from "../../guest/waiting";
import { membersOf, type ProcessId, signalGroups, signalProcess } from "../shims/signals.js";
import { type ExecLine, expandWords } from "./exec-line";
import { pathMapper, resultEnvironment, serviceEnvironment } from "./service-environment";
import type { ServiceHost, ServiceResult } from "./service-host";
import type { ServiceUnit } from "./service-unit";
import { type ProcessExit, startProcess, type UnitProcess } from "./unit-process";

/** Signals that count as a clean exit of a service. For a control command, only exit status 0 is clean. */
const CLEAN_SIGNALS: readonly string[] = ["SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE"];
const POLL_MS = 20;

/**
 * One run of a service, from `ExecStartPre` to the end of its last process, with systemd's order, timeouts, signals and
 * results.
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#Environment%20Variables%20Set%20or%20Propagated%20by%20the%20Service%20Manager
 */
export class Service {
    /** The result of the run. The first failure determines it; later failures do not change it. */
    result: ServiceResult = "success";
    state: "activating" | "active" | "deactivating" | "failed" | "inactive" = "activating";
    /** Resolves to true once the start job has succeeded, or to false once it has failed. */
    readonly started: Promise<boolean>;
    /** Resolves once the unit is inactive or failed. */
    readonly finished: Promise<void>;

    /** Leaders of the process groups that this run created. */
    readonly #leaders: ProcessId[] = [];
    readonly #processes: UnitProcess[] = [];
    readonly #stopRequest = deferred();
    readonly #hostPath: (text: string) => string;
    readonly #env: Record<string, string>;
    #main: UnitProcess | undefined;
    #control: UnitProcess | undefined;
    /**
     * True once a control command has been told to end. As in systemd, its children live until ExecStopPost ends.
     */
    #asked = false;
    /** True once power has been cut. The unit triggers no action after that. */
    killed = false;

    readonly unit: ServiceUnit;
    readonly #host: ServiceHost;

    constructor(unit: ServiceUnit, host: ServiceHost) {
        this.unit = unit;
        this.#host = host;

        this.#hostPath = pathMapper(unit, host);
        this.#env = serviceEnvironment(unit, host, this.#hostPath);
        const started = deferred<boolean>();
        this.started = started.promise;
        this.finished = this.#life(started.resolve);
    }

    /** Requests a stop, as `systemctl stop` and a shutdown do. `finished` resolves once the service has stopped. */
    requestStop(): void {
        this.#stopRequest.resolve();
    }

    /** Cuts the power: every process is killed immediately, and none of the unit's other commands run. */
    kill(): void {
        this.killed = true;
        this.#stopRequest.resolve();
        signalGroups(this.#leaders, "SIGKILL");
    }

    async #life(started: (success: boolean) => void): Promise<void> {
        this.#say(`Starting ${this.#title()}...`);
        const active = await this.#startUp();
        if (active) {
            this.state = "active";
            this.#say(`Started ${this.#title()}.`);
        }
        started(active);
        if (active) {
            await this.#untilStop();
            this.state = "deactivating";
            await this.#runAll(this.unit.commands.ExecStop, "stop", this.unit.timeoutStopMs, false);
        }
        this.state = "deactivating";
        if (!this.#asked) {
            await this.#terminate("stop");
        }
        await this.#runAll(this.unit.commands.ExecStopPost, "stop-post", this.unit.timeoutStopMs, false);
        await this.#terminate("final");
        await this.#drainOutput();
        this.#finish(active);
    }

    async #startUp(): Promise<boolean> {
        const { ExecStartPre, ExecStart } = this.unit.commands;
        if (!(await this.#runAll(ExecStartPre, "start-pre", this.unit.timeoutStartMs, true))) {
            return false;
        }
        const line = ExecStart[0];
        if (line === undefined || this.killed) {
            return false;
        }
        const main = this.#spawn(line, {});
        this.#main = main;
        // This promise never rejects. It is awaited as part of `finished`.
        void main.exit.then((exit) => this.#mainExited(exit, line.ignoreFailure));
        if (main.id === undefined) {
            await main.exit;
            return false;
        }
        return true;
    }

    #mainExited(exit: ProcessExit, ignoreFailure: boolean): void {
        this.#say(`${this.unit.name}: Main process exited, ${describe(exit)}`);
        const clean =
            exit.code === "exited"
                ? exit.status === 0 || this.unit.successExitStatus.includes(exit.status)
                : CLEAN_SIGNALS.includes(exit.status);
        if (!clean && !ignoreFailure) {
            this.#fail(exit.code === "exited" ? "exit-code" : "signal");
        }
    }

    /** Waits until the main process ends, a stop is requested or the runtime limit is reached. */
    async #untilStop(): Promise<void> {
        const end = await this.#race(this.#main?.exit ?? Promise.resolve(), this.unit.runtimeMaxMs, true);
        if (end === "timeout") {
            this.#say(`${this.unit.name}: Service reached runtime time limit. Stopping.`);
            this.#fail("timeout");
        } else if (end === "stop") {
            this.#say(`Stopping ${this.#title()}...`);
        }
    }

    /** Runs commands one after another until the first failure, timeout or stop request. */
    async #runAll(lines: readonly ExecLine[], step: string, timeoutMs: number, stoppable: boolean): Promise<boolean> {
        for (const line of lines) {
            if (this.killed || !(await this.#runControl(line, step, timeoutMs, stoppable))) {
                return false;
            }
        }
        return !this.killed;
    }

    async #runControl(line: ExecLine, step: string, timeoutMs: number, stoppable: boolean): Promise<boolean> {
        const control = this.#spawn(
            line,
            step.startsWith("stop") ? resultEnvironment(this.result, this.#main?.exited) : {},
        );
        this.#control = control;
        const end = await this.#race(control.exit, timeoutMs, stoppable);
        if (end === "timeout") {
            this.#say(`${this.unit.name}: ${step} operation timed out. Terminating.`);
            this.#fail("timeout");
        }
        if (end !== "event") {
            this.#asked = true;
            await this.#terminate(step);
        }
        const exit = await control.exit;
        this.#control = undefined;
        if (exit.code === "exited" && exit.status === 0) {
            return end === "event";
        }
        this.#say(`${this.unit.name}: Control process exited, ${describe(exit)}`);
        if (!line.ignoreFailure) {
            this.#fail(exit.code === "exited" ? "exit-code" : "signal");
        }
        return end === "event" && line.ignoreFailure;
    }

    /**
     * Sends SIGTERM according to the kill mode, waits for `TimeoutStopSec`, then sends SIGKILL. If the kill mode sends
     * SIGTERM to no process, any remaining processes are killed immediately.
     */
    async #terminate(step: string): Promise<void> {
        const { killMode, timeoutStopMs } = this.unit;
        const leaders = [this.#main, this.#control].filter((one) => one !== undefined).filter(isRunning);
        for (const leader of leaders) {
            signalProcess(leader.id, "SIGTERM");
        }
        if (killMode === "control-group") {
            signalGroups(this.#leaders, "SIGTERM");
        }
        const exits = Promise.all(leaders.map((leader) => leader.exit));
        const asked = leaders.length > 0 || killMode === "control-group";
        const gone = killMode === "control-group" ? exits.then(() => this.#groupsEmpty(timeoutStopMs)) : exits;
        if (asked && (await this.#race(gone, timeoutStopMs, false)) === "timeout") {
            this.#say(`${this.unit.name}: State '${step}-sigterm' timed out. Killing.`);
            this.#fail("timeout");
        } else if (leaders.length > 0 && killMode === "mixed") {
            // systemd proceeds to ExecStopPost once the main process is gone, and kills the others afterwards.
            return;
        }
        if (killMode === "process") {
            for (const leader of leaders.filter((one) => one.exited === undefined)) {
                signalProcess(leader.id, "SIGKILL");
            }
        } else {
            signalGroups(this.#leaders, "SIGKILL");
        }
        await exits;
    }

    async #groupsEmpty(limitMs: number): Promise<void> {
        const endMs = Date.now() + limitMs;
        while (Date.now() < endMs && membersOf(this.#leaders).length > 0) {
            await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        }
    }

    #spawn(line: ExecLine, extraEnv: Record<string, string>): UnitProcess {
        const env = { ...this.#env, ...extraEnv };
        const [program = "", ...args] = expandWords(line.words, env).map(this.#hostPath);
        const file = this.#host.resolveProgram(program);
        const name = this.unit.syslogIdentifier || program.replace(/^.*\//, "");
        const child = startProcess({
            program: file,
            args,
            cwd: this.#host.root,
            env,
            onLine: (text, pid) => this.#host.log(`${name}[${pid}]`, text, this.unit.console),
        });
        this.#processes.push(child);
        if (child.id !== undefined) {
            this.#leaders.push(child.id);
        }
        return child;
    }

    #finish(wasActive: boolean): void {
        for (const name of this.unit.directories.RuntimeDirectory) {
            rmSync(this.#host.toHostPath(`/run/${name}`), { recursive: true, force: true });
        }
        this.state = this.result === "success" ? "inactive" : "failed";
        if (this.result !== "success") {
            this.#say(`${this.unit.name}: Failed with result '${this.result}'.`);
        }
        this.#say(wasActive ? `Stopped ${this.#title()}.` : `Failed to start ${this.#title()}.`);
    }

    /**
     * Waits for the last output from all processes, which by now have ended or been abandoned. It must be in the log
     * before the VM powers off.
     */
    async #drainOutput(): Promise<void> {
        await this.#race(Promise.all(this.#processes.map((one) => one.output)), 1000, false);
        for (const one of this.#processes) {
            one.closeOutput();
        }
    }

    #race(event: Promise<unknown>, timeoutMs: number, stoppable: boolean): Promise<"event" | "timeout" | "stop"> {
        return race(event, timeoutMs, stoppable ? this.#stopRequest.promise : undefined);
    }

    #fail(result: ServiceResult): void {
        if (this.result === "success") {
            this.result = result;
        }
    }

    #title(): string {
        return `${this.unit.name} - ${this.unit.description}`;
    }

    #say(line: string): void {
        this.#host.log("systemd[1]", line, true);
    }
}

function describe(exit: ProcessExit): string {
    return `code=${exit.code}, status=${String(exit.status).replace(/^SIG/, "")}`;
}

function isRunning(one: UnitProcess): one is UnitProcess & { id: ProcessId } {
    return one.id !== undefined && one.exited === undefined;
}
