import { mkdirSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import path from "node:path";
import type { GuestScript } from "../guest/guest";
import { race } from "../guest/waiting";
import type { ProcessExit, UnitProcess } from "./units/unit-process";
import { startProcess } from "./units/unit-process";
import type { VmFiles } from "./vm-files";

/** Maximum time, in ms, for which a process that outlives the script may hold the script's output open. */
const OUTPUT_MS = 500;

/** A script as a process on this machine. */
export interface ScriptProcess {
    readonly process: UnitProcess;
    /** The exit code, or 128 plus the number of the signal that killed the script. */
    readonly exitCode: Promise<number>;
}

/**
 * Starts a script in a VM with the `process` runtime, using the program that its shebang line names.
 * @param name name of the script's file, unique within the boot
 * @param environment environment of every process in the VM
 */
export function startScript(
    script: GuestScript,
    name: string,
    files: VmFiles,
    environment: Readonly<Record<string, string>>,
): ScriptProcess {
    const temporary = files.toHostPath("/tmp");
    const file = files.toHostPath(`/run/scripts/${name}`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, script.text, { mode: 0o700 });
    const [, program = "/bin/sh", argument] = /^#!\s*(\S+)[ \t]*(.*)/.exec(script.text) ?? [];
    const child = startProcess({
        program: files.resolveProgram(program),
        args: [...(argument === undefined || argument.trim() === "" ? [] : [argument.trim()]), file],
        cwd: files.root,
        // There is no chroot, so temporary files would otherwise remain in the host's /tmp.
        env: { ...environment, TMPDIR: temporary, ...script.environment },
        onLine: (line, _pid, stream) => script.onLine(line, stream),
    });
    return { process: child, exitCode: finish(child) };
}

async function finish(child: UnitProcess): Promise<number> {
    const exit = await child.exit;
    if ((await race(child.output, OUTPUT_MS)) === "timeout") {
        child.closeOutput();
    }
    return codeOf(exit);
}

function codeOf(exit: ProcessExit): number {
    return exit.code === "exited" ? exit.status : 128 + (constants.signals[exit.status] ?? 0);
}
