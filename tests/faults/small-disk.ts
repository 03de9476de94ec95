import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A small tmpfs mount. The tests never fill the machine's own disks. */
export class SmallDisk {
    readonly folder = realpathSync(mkdtempSync(path.join(tmpdir(), "disk-")));

    /** @param options options for tmpfs, such as "size=1m" */
    mount(...options: string[]): void {
        execFileSync("mount", ["-t", "tmpfs", "-o", options.join(","), "tmpfs", this.folder], { stdio: "pipe" });
    }

    /** Changes the options, and keeps the content. */
    remount(...options: string[]): void {
        this.mount("remount", ...options);
    }

    /** Uses up the inodes on a mount that has at most `count`. */
    fillInodes(count: number): void {
        const filler = path.join(this.folder, "filler");
        mkdirSync(filler);
        try {
            for (let index = 0; index < count; index += 1) {
                writeFileSync(path.join(filler, String(index)), "");
            }
        } catch {
            // There are no inodes left.
        }
    }

    remove(): void {
        execFileSync("umount", [this.folder], { stdio: "pipe" });
        rmSync(this.folder, { recursive: true });
    }

    /** The reason this process cannot mount a file system, or undefined if it can. */
    static reasonMissing(): string | undefined {
        if (process.platform !== "linux" || process.getuid?.() !== 0) {
            return "mounting needs root on Linux";
        }
        const disk = new SmallDisk();
        try {
            disk.mount("size=1m");
        } catch (error) {
            rmSync(disk.folder, { recursive: true });
            return `mount failed: ${(error as Error).message.split("\n")[1]}`;
        }
        disk.remove();
        return undefined;
    }
}
