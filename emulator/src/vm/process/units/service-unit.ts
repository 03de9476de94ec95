import { type ExecLine, parseExecLine, splitWords } from "./exec-line";
import { parseTimeSpan } from "./time-span";
import { parseUnitFile, type UnitEntry, UnitError } from "./unit-file";

/** Directives in a service unit that hold a list of commands. */
export type ExecKey = "ExecStartPre" | "ExecStart" | "ExecStop" | "ExecStopPost";
/** `StateDirectory=` and similar directives. */
export type DirectoryKey = "StateDirectory" | "RuntimeDirectory" | "CacheDirectory" | "LogsDirectory";

/** A loaded service including its drop-ins. Property names follow systemd. */
export interface ServiceUnit {
    readonly name: string;
    readonly description: string;
    readonly commands: Readonly<Record<ExecKey, readonly ExecLine[]>>;
    readonly environment: Readonly<Record<string, string>>;
    readonly directories: Readonly<Record<DirectoryKey, readonly string[]>>;
    readonly timeoutStartMs: number;
    readonly timeoutStopMs: number;
    readonly runtimeMaxMs: number;
    readonly killMode: "control-group" | "mixed" | "process";
    readonly successExitStatus: readonly number[];
    readonly successAction: UnitAction;
    readonly failureAction: UnitAction;
    /** True if the unit's output also goes to the serial port (`journal+console`). */
    readonly console: boolean;
    readonly syslogIdentifier: string;
}

/** Action that the VM takes after the unit has ended. */
export type UnitAction = "none" | "poweroff" | "poweroff-force";

/** A file that belongs to the unit. The unit file comes first, then its drop-ins ordered by name. */
export interface UnitSource {
    readonly path: string;
    readonly text: string;
}

const DEFAULT_TIMEOUT_MS = 90_000;
const EXEC_KEYS: readonly ExecKey[] = ["ExecStartPre", "ExecStart", "ExecStop", "ExecStopPost"];
const DIRECTORY_KEYS: readonly DirectoryKey[] = [
    "StateDirectory",
    "RuntimeDirectory",
    "CacheDirectory",
    "LogsDirectory",
];
/** Directives for ordering and limits, which have no effect on a VM with one service and no cgroups. */
const NO_EFFECT = new Set([
    "Unit.After",
    "Unit.Before",
    "Unit.Documentation",
    "Unit.Wants",
    "Unit.Requires",
    "Unit.StartLimitIntervalSec",
    "Unit.DefaultDependencies",
    "Install.WantedBy",
    "Service.LimitNOFILE",
    "Service.Nice",
    "Service.OOMScoreAdjust",
    "Service.OOMPolicy",
    "Service.TasksMax",
    "Service.StandardInput",
    "Service.RuntimeDirectoryMode",
    "Service.StateDirectoryMode",
]);
const SINGLE_KEYS = new Set([
    "Unit.Description",
    "Unit.SuccessAction",
    "Unit.FailureAction",
    "Service.Type",
    "Service.TimeoutSec",
    "Service.TimeoutStartSec",
    "Service.TimeoutStopSec",
    "Service.RuntimeMaxSec",
    "Service.KillMode",
    "Service.Restart",
    "Service.StandardOutput",
    "Service.StandardError",
    "Service.SyslogIdentifier",
    "Service.SuccessExitStatus",
    "Service.User",
]);

/**
 * Loads a service from its unit file and drop-ins.
 * @throws UnitError for unknown directives and values, because an unsupported directive must not appear to work.
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
 */
export function loadServiceUnit(name: string, sources: readonly UnitSource[]): ServiceUnit {
    const single = new Map<string, UnitEntry>();
    const execs = new Map<ExecKey, ExecLine[]>(EXEC_KEYS.map((key) => [key, []]));
    const directories = new Map<DirectoryKey, string[]>(DIRECTORY_KEYS.map((key) => [key, []]));
    const environment: Record<string, string> = {};
    for (const entry of sources.flatMap((source) => parseUnitFile(source.text, source.path))) {
        const id = `${entry.section}.${entry.key}`;
        const execKey = entry.section === "Service" ? EXEC_KEYS.find((key) => key === entry.key) : undefined;
        const directoryKey = entry.section === "Service" ? DIRECTORY_KEYS.find((key) => key === entry.key) : undefined;
        if (execKey !== undefined) {
            addExec(execs, execKey, entry, name);
        } else if (directoryKey !== undefined) {
            directories.set(directoryKey, entry.value === "" ? [] : readDirectories(entry, name));
        } else if (id === "Service.Environment") {
            addEnvironment(environment, entry, name);
        } else if (SINGLE_KEYS.has(id)) {
            single.set(id, { ...entry, value: expandSpecifiers(entry.value, name, entry.where) });
        } else if (!NO_EFFECT.has(id)) {
            throw new UnitError(`${entry.where}: ${entry.key}= in [${entry.section}] is not emulated`);
        }
    }
    return assemble(name, single, execs, directories, environment);
}

function assemble(
    name: string,
    single: ReadonlyMap<string, UnitEntry>,
    execs: ReadonlyMap<ExecKey, ExecLine[]>,
    directories: ReadonlyMap<DirectoryKey, string[]>,
    environment: Readonly<Record<string, string>>,
): ServiceUnit {
    const get = (id: string) => single.get(`Service.${id}`);
    const commands = Object.fromEntries(execs) as Record<ExecKey, ExecLine[]>;
    choice(get("Type"), ["simple", "exec"] as const, "simple");
    if (commands.ExecStart.length !== 1) {
        throw new UnitError(`${name}: a service needs exactly one ExecStart=; got ${commands.ExecStart.length}`);
    }
    choice(get("Restart"), ["no"] as const, "no");
    choice(get("User"), ["root"] as const, "root");
    const both = get("TimeoutSec");
    const output = choice(get("StandardOutput"), ["journal", "journal+console", "null", "inherit"] as const, "journal");
    const actions = ["none", "poweroff", "poweroff-force"] as const;
    choice(get("StandardError"), ["inherit", output] as const, "inherit");
    return {
        name,
        description: single.get("Unit.Description")?.value ?? name,
        commands,
        environment,
        directories: Object.fromEntries(directories) as Record<DirectoryKey, string[]>,
        timeoutStartMs: timeSpan(get("TimeoutStartSec") ?? both, DEFAULT_TIMEOUT_MS),
        timeoutStopMs: timeSpan(get("TimeoutStopSec") ?? both, DEFAULT_TIMEOUT_MS),
        runtimeMaxMs: timeSpan(get("RuntimeMaxSec"), Number.POSITIVE_INFINITY),
        killMode: choice(get("KillMode"), ["control-group", "mixed", "process"] as const, "control-group"),
        successExitStatus: exitStatuses(get("SuccessExitStatus")),
        successAction: choice(single.get("Unit.SuccessAction"), actions, "none"),
        failureAction: choice(single.get("Unit.FailureAction"), actions, "none"),
        console: output === "journal+console",
        syslogIdentifier: get("SyslogIdentifier")?.value ?? "",
    };
}

function addExec(execs: Map<ExecKey, ExecLine[]>, key: ExecKey, entry: UnitEntry, unit: string): void {
    if (entry.value === "") {
        execs.set(key, []);
        return;
    }
    try {
        execs.get(key)?.push(parseExecLine(expandSpecifiers(entry.value, unit, entry.where)));
    } catch (error) {
        throw new UnitError(`${entry.where}: ${key}=: ${error instanceof Error ? error.message : String(error)}`);
    }
}

function addEnvironment(environment: Record<string, string>, entry: UnitEntry, unit: string): void {
    if (entry.value === "") {
        for (const key of Object.keys(environment)) {
            delete environment[key];
        }
    }
    for (const word of splitWords(expandSpecifiers(entry.value, unit, entry.where))) {
        const assignment = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(word);
        if (assignment === null) {
            throw new UnitError(`${entry.where}: Environment= must be NAME=value; got ${JSON.stringify(word)}`);
        }
        environment[assignment[1] ?? ""] = assignment[2] ?? "";
    }
}

function readDirectories(entry: UnitEntry, unit: string): string[] {
    const names = splitWords(expandSpecifiers(entry.value, unit, entry.where));
    const bad = names.find((name) => name.startsWith("/") || name.includes(":") || name.split("/").includes(".."));
    if (bad !== undefined) {
        throw new UnitError(`${entry.where}: ${entry.key}= must be a relative path; got ${JSON.stringify(bad)}`);
    }
    return names;
}

function expandSpecifiers(value: string, unit: string, where: string): string {
    return value.replace(/%(.?)/g, (match, letter: string) => {
        switch (letter) {
            case "%":
                return "%";
            case "n":
                return unit;
            case "N":
            case "p":
                return unit.replace(/\.service$/, "");
            case "S":
                return "/var/lib";
            case "t":
                return "/run";
            default:
                throw new UnitError(`${where}: specifier "${match}" is not emulated (a percent sign is written "%%")`);
        }
    });
}

function choice<T extends string>(entry: UnitEntry | undefined, allowed: readonly T[], fallback: NoInfer<T>): T {
    if (entry === undefined || entry.value === "") {
        return fallback;
    }
    const value = allowed.find((candidate) => candidate === entry.value);
    if (value === undefined) {
        throw new UnitError(
            `${entry.where}: ${entry.key}= must be ${[...new Set(allowed)].join(", ")}; got ${JSON.stringify(entry.value)}`,
        );
    }
    return value;
}

function timeSpan(entry: UnitEntry | undefined, fallbackMs: number): number {
    if (entry === undefined || entry.value === "") {
        return fallbackMs;
    }
    const spanMs = parseTimeSpan(entry.value);
    if (spanMs === undefined) {
        throw new UnitError(
            `${entry.where}: ${entry.key}= must be a time span such as 90, 5min or infinity; got ${JSON.stringify(entry.value)}`,
        );
    }
    // For these directives, 0 disables the limit.
    return spanMs === 0 ? Number.POSITIVE_INFINITY : spanMs;
}

function exitStatuses(entry: UnitEntry | undefined): number[] {
    return (entry?.value ?? "")
        .split(/\s+/)
        .filter((word) => word !== "")
        .map((word) => {
            if (!/^\d{1,3}$/.test(word)) {
                throw new UnitError(
                    `${entry?.where}: SuccessExitStatus= must list numeric exit statuses; got ${JSON.stringify(word)}`,
                );
            }
            return Number(word);
        });
}
