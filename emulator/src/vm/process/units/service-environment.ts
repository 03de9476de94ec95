import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { ServiceHost, ServiceResult } from "./service-host";
import type { DirectoryKey, ServiceUnit } from "./service-unit";
import type { ProcessExit } from "./unit-process";

const DIRECTORIES: readonly { key: DirectoryKey; base: string; variable: string }[] = [
    { key: "StateDirectory", base: "/var/lib", variable: "STATE_DIRECTORY" },
    { key: "RuntimeDirectory", base: "/run", variable: "RUNTIME_DIRECTORY" },
    { key: "CacheDirectory", base: "/var/cache", variable: "CACHE_DIRECTORY" },
    { key: "LogsDirectory", base: "/var/log", variable: "LOGS_DIRECTORY" },
];

/**
 * Returns the environment for all processes in one run of a service. Creates the unit's directories, as systemd does.
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#Environment%20Variables%20Set%20or%20Propagated%20by%20the%20Service%20Manager
 */
export function serviceEnvironment(
    unit: ServiceUnit,
    host: ServiceHost,
    hostPath: (text: string) => string,
): Record<string, string> {
    const env: Record<string, string> = {
        ...host.env,
        LANG: "C.UTF-8",
        INVOCATION_ID: randomBytes(16).toString("hex"),
    };
    for (const { key, base, variable } of DIRECTORIES) {
        const paths = unit.directories[key].map((name) => host.toHostPath(`${base}/${name}`));
        for (const path of paths) {
            mkdirSync(path, { recursive: true });
        }
        if (paths.length > 0) {
            env[variable] = paths.join(":");
        }
    }
    for (const [name, value] of Object.entries(unit.environment)) {
        // HOME always refers to a folder in the VM; other values are translated only if they are paths in the VM.
        env[name] = name === "HOME" && value.startsWith("/") ? host.toHostPath(value) : hostPath(value);
    }
    return env;
}

/**
 * Replaces words that are paths in the VM with the corresponding paths on the host, because there is no chroot. This
 * covers files from user-data and everything below the unit's own directories.
 */
export function pathMapper(unit: ServiceUnit, host: ServiceHost): (text: string) => string {
    const roots = DIRECTORIES.flatMap(({ key, base }) => unit.directories[key].map((name) => `${base}/${name}`));
    return (text) => {
        const own = host.ownPaths.has(text) || roots.some((root) => text === root || text.startsWith(`${root}/`));
        return own ? host.toHostPath(text) : text;
    };
}

/**
 * Returns the variables for `ExecStop` and `ExecStopPost`. `$EXIT_CODE` is set only if the main process ran and has
 * ended.
 */
export function resultEnvironment(result: ServiceResult, exit: ProcessExit | undefined): Record<string, string> {
    if (exit === undefined) {
        return { SERVICE_RESULT: result };
    }
    return {
        SERVICE_RESULT: result,
        EXIT_CODE: exit.code,
        EXIT_STATUS: String(exit.status).replace(/^SIG/, ""),
    };
}
