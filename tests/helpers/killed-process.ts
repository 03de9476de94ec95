import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { ownTag } from "../../run/own-temporary";

/** The tag in the names of temporary files left by a process that was killed on this machine. */
export async function tagOfKilledProcess(): Promise<string> {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    await once(child, "spawn");
    const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8");
    const startedAt = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    return `${ownTag()?.split("-")[0]}-${child.pid}-${startedAt}`;
}
