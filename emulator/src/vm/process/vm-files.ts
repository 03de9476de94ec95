import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { CloudFile } from "./cloud-config";
import { DOCKER_SHORTCUTS } from "./docker-shortcuts";
import type { UnitSource } from "./units/service-unit";

const SHIMS = ["docker", "docker-credential-gcr", "systemctl"];
/** Programs that this machine may lack. Their replacements come last in PATH, because Node.js starts more slowly. */
const FALLBACKS = ["curl", "timeout"];
const SYSTEM_FOLDERS = ["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin"];
/** Folders that Container-Optimized OS keeps in memory. They are empty at every boot. */
const VOLATILE = ["etc", "run", "tmp"];
const UNIT_FOLDERS = ["/etc/systemd/system", "/run/systemd/system"];

/**
 * The disk of a VM, which is a folder on the host. Because there is no chroot, paths inside the VM are mapped to paths
 * below `<dir>/root`.
 */
export class VmFiles {
    readonly root: string;
    readonly shims: string;
    readonly fallbacks: string;
    /** Files from user-data and their folders, as paths inside the VM. */
    readonly ownPaths = new Set<string>();

    readonly dir: string;

    constructor(dir: string) {
        this.dir = dir;

        this.root = path.join(dir, "root");
        this.shims = path.join(dir, "bin");
        this.fallbacks = path.join(dir, "fallback");
    }

    /** Maps an absolute path inside the VM to a path on the host. */
    toHostPath(inner: string): string {
        return path.join(this.root, inner);
    }

    /** Prepares a boot. In-memory file systems are emptied; `/var` is kept. */
    format(): void {
        this.ownPaths.clear();
        for (const name of VOLATILE) {
            rmSync(path.join(this.root, name), { recursive: true, force: true });
            mkdirSync(path.join(this.root, name), { recursive: true });
        }
        writePrograms(this.shims, SHIMS);
        writePrograms(this.fallbacks, FALLBACKS);
    }

    /** Writes a file from user-data. */
    write(file: CloudFile): void {
        const target = this.toHostPath(file.path);
        mkdirSync(path.dirname(target), { recursive: true });
        writeFileSync(target, file.content);
        chmodSync(target, file.mode);
        this.ownPaths.add(file.path);
        this.ownPaths.add(path.dirname(file.path));
    }

    /** Adds a drop-in with environment variables to every service from user-data. */
    addEnvironment(name: string, variables: Readonly<Record<string, string>>): void {
        const lines = Object.entries(variables).map(([key, value]) => `Environment=${key}=${value}\n`);
        for (const unit of [...this.ownPaths].filter((one) => one.endsWith(".service"))) {
            const file = this.toHostPath(path.join(`${unit}.d`, name));
            mkdirSync(path.dirname(file), { recursive: true });
            writeFileSync(file, `[Service]\n${lines.join("")}`);
        }
    }

    /** Returns a unit's file and its drop-ins, ordered by name. */
    readUnit(name: string): UnitSource[] {
        const folder = UNIT_FOLDERS.find((one) => existsSync(this.toHostPath(`${one}/${name}`)));
        if (folder === undefined) {
            return [];
        }
        const dropIns = UNIT_FOLDERS.flatMap((one) => {
            const path = `${one}/${name}.d`;
            const names = existsSync(this.toHostPath(path)) ? readdirSync(this.toHostPath(path)) : [];
            return names.filter((file) => file.endsWith(".conf")).map((file) => ({ file, path: `${path}/${file}` }));
        }).sort((a, b) => (a.file < b.file ? -1 : 1));
        return [`${folder}/${name}`, ...dropIns.map((one) => one.path)].map((path) => ({
            path,
            text: readFileSync(this.toHostPath(path), "utf8"),
        }));
    }

    /** PATH inside the VM: the shims, then the host's PATH, then the replacements for programs that the host lacks. */
    searchPath(): string {
        const host = process.env.PATH ?? "";
        // On Windows, timeout.exe is a different program.
        const rest = process.platform === "win32" ? [this.fallbacks, host] : [host, this.fallbacks];
        return [this.shims, ...rest].join(path.delimiter);
    }

    /**
     * Returns the file to execute. A path from user-data maps to its file; a command in a system folder is looked up by
     * name on PATH, so that `/usr/bin/docker` is the shim and `/bin/bash` is found wherever the host keeps it.
     */
    resolveProgram(program: string): string {
        const folder = program.slice(0, program.lastIndexOf("/"));
        const name = SYSTEM_FOLDERS.includes(folder) ? program.slice(folder.length + 1) : program;
        if (name.includes("/")) {
            return name;
        }
        const found = this.searchPath()
            .split(path.delimiter)
            .flatMap((dir) =>
                process.platform === "win32"
                    ? [path.join(dir, `${name}.exe`), path.join(dir, name)]
                    : [path.join(dir, name)],
            )
            .find((file) => existsSync(file));
        return found ?? program;
    }
}

function writePrograms(folder: string, names: readonly string[]): void {
    mkdirSync(folder, { recursive: true });
    for (const name of names) {
        const script = path.join(__dirname, "shims", `${name}.js`);
        const shortcuts = name === "docker" ? DOCKER_SHORTCUTS : "";
        const text = `#!/bin/sh\n${shortcuts}exec ${quote(process.execPath)} ${quote(script)} "$@"\n`;
        writeFileSync(path.join(folder, name), text, { mode: 0o755 });
    }
}

function quote(text: string): string {
    return `'${text.replaceAll("'", "'\\''")}'`;
}
