import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const root = path.resolve(__dirname, "../..");

/** A copy of the files tracked by git, with the packages that `npm ci` installed. */
export interface ProjectCopy {
    folder: string;
    remove(): void;
}

/**
 * Copies the project, so that a test can write to it and run in parallel with others.
 * @param options `withTrainer`: whether a command in the copy builds or runs the built-in trainer. Default: true
 */
export function copyProject({ withTrainer = true } = {}): ProjectCopy {
    const folder = mkdtempSync(path.join(tmpdir(), "gcp-trainer-"));
    const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
    for (const name of listed.toString("utf8").split("\0").filter(Boolean)) {
        // git also lists a file whose deletion is not committed yet.
        cpSync(path.join(root, name), path.join(folder, name), { force: true, errorOnExist: false, recursive: true });
    }
    symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"), "dir");
    // The trainer's bundle includes nothing from outside its folder, not even through a link.
    for (const name of withTrainer ? ["trainer/dist", "trainer/node_modules"] : []) {
        cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
    }
    return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
