import {
    chmodSync,
    copyFileSync,
    existsSync,
    lstatSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    readlinkSync,
    renameSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import path from "node:path";
import dockerignore from "@balena/dockerignore";
import * as pulumi from "@pulumi/pulumi";
import { md5OfFile } from "./dataset";

/** Folder for the copies. A `.gitignore` inside it hides it from git. */
export const COPIES = ".build-context";
/**
 * The permission bits that Docker gives every file in a build context on Windows. The copies get them on every system,
 * so that they are identical.
 */
const MODE = 0o755;
/** Files with the ignore rules for a build context; the first one that exists is used. */
const RULES = ["Dockerfile.dockerignore", ".dockerignore"];
const MAX_ATTEMPTS = 10;

/** The job to which a copy belongs. */
export interface ContextOwner {
    /** Name of the Pulumi stack. */
    stack: string;
    /** Name of the `TrainingJob` within its Pulumi program. */
    component: string;
}

/**
 * Files and symbolic links that `docker build` would send: everything that the folder's `Dockerfile.dockerignore`, or
 * else its `.dockerignore`, does not exclude. https://docs.docker.com/build/concepts/context/#dockerignore-files
 *
 * @returns paths relative to the folder, with slashes, sorted
 */
export function contextFiles(folder: string): string[] {
    const rules = RULES.map((name) => path.join(folder, name)).find((file) => existsSync(file));
    const ignore = dockerignore().add(rules === undefined ? "" : readFileSync(rules, "utf8"));
    // The trainer's folder may contain the program and therefore the copies.
    ignore.add(`**/${COPIES}`);
    return list(folder).filter((name) => !ignore.ignores(name));
}

/**
 * Copies a job's build context, so that it is identical in every checkout of a commit. The docker provider rebuilds an
 * image when the context's path or its files' names, contents or permission bits change. The permission bits depend on
 * the umask at checkout, and Windows lacks them; in the copy, they are the same for every file. Empty folders, which
 * git does not track, are omitted.
 *
 * @param root the program's folder
 * @param trainer folder with a Dockerfile; a relative path starts at `root`
 * @returns the copy's path relative to `root`, with slashes; it is the same on every machine
 * @throws RunError if there is no Dockerfile
 */
export function copyBuildContext(root: string, trainer: string, { stack, component }: ContextOwner): string {
    const from = path.resolve(root, trainer);
    if (!existsSync(path.join(from, "Dockerfile"))) {
        throw new pulumi.RunError(
            `trainer must be a folder with a Dockerfile; got ${JSON.stringify(trainer)}, and ${from} has none`,
        );
    }
    const copies = path.join(root, COPIES);
    mkdirSync(copies, { recursive: true });
    writeFileSync(path.join(copies, ".gitignore"), "*\n");
    const names = [stack, component].map(encodeURIComponent);
    copyFiles(from, path.join(copies, ...names));
    return [COPIES, ...names].join("/");
}

/** Creates `to`, or replaces it if it differs from `from`. */
function copyFiles(from: string, to: string): void {
    // Docker reads these even if the rules exclude them.
    const always = RULES.concat("Dockerfile").filter((name) => existsSync(path.join(from, name)));
    const names = [...new Set([...always, ...contextFiles(from)])].sort();
    // Another program that uses this stack, such as a preview, may be reading the copy, so an up-to-date copy is left
    // unchanged.
    if (isCopy(from, to, names)) {
        return;
    }
    const fresh = `${to}.${process.pid}`;
    rmSync(fresh, { recursive: true, force: true });
    for (const name of names) {
        const source = path.join(from, name);
        const target = path.join(fresh, name);
        mkdirSync(path.dirname(target), { recursive: true });
        if (lstatSync(source).isSymbolicLink()) {
            symlinkSync(readlinkSync(source), target);
        } else {
            copyFileSync(source, target);
            chmodSync(target, MODE);
        }
    }
    for (const folder of foldersIn(fresh)) {
        chmodSync(folder, MODE);
    }
    replace(to, fresh, () => isCopy(from, to, names));
}

function isCopy(from: string, to: string, names: readonly string[]): boolean {
    try {
        return existsSync(to) && list(to).join("\n") === names.join("\n") && hasSameFiles(from, to, names);
    } catch (error) {
        // Another program has just replaced the copy.
        if ((error as NodeJS.ErrnoException).code === "ENOENT") {
            return false;
        }
        throw error;
    }
}

function hasSameFiles(from: string, to: string, names: readonly string[]): boolean {
    const hasMode = (file: string) => process.platform === "win32" || (lstatSync(file).mode & 0o777) === MODE;
    return (
        foldersIn(to).every(hasMode) &&
        names.every((name) => {
            const [source, target] = [path.join(from, name), path.join(to, name)];
            const isLink = lstatSync(source).isSymbolicLink();
            if (isLink || lstatSync(target).isSymbolicLink()) {
                return isLink && lstatSync(target).isSymbolicLink() && readlinkSync(source) === readlinkSync(target);
            }
            return hasMode(target) && md5OfFile(source).hex === md5OfFile(target).hex;
        })
    );
}

/**
 * Replaces a folder with another, or stops once it is up to date, because another program may be replacing it too.
 * Files are removed only from a folder that has been moved away, to which no other program writes.
 */
function replace(old: string, fresh: string, isUpToDate: () => boolean): void {
    const discarded = `${fresh}.old`;
    try {
        for (let attempt = 1; !isUpToDate(); attempt += 1) {
            try {
                if (existsSync(old)) {
                    renameSync(old, discarded);
                }
                renameSync(fresh, old);
                return;
            } catch (error) {
                if (attempt === MAX_ATTEMPTS) {
                    throw error;
                }
            }
            rmSync(discarded, { recursive: true, force: true });
        }
    } finally {
        rmSync(discarded, { recursive: true, force: true });
        rmSync(fresh, { recursive: true, force: true });
    }
}

/** Files and symbolic links below a folder, as sorted paths relative to it, with slashes. */
function list(folder: string): string[] {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() || entry.isSymbolicLink())
        .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
        .sort();
}

/** A folder and its subfolders. */
function foldersIn(folder: string): string[] {
    const below = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [folder, ...below.map((entry) => path.join(entry.parentPath, entry.name))];
}
