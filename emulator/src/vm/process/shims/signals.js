// @ts-check
// The only module in the emulator and its shims that sends signals. A pid alone is not enough: it may be 0 because
// nothing was started, or it may belong to another process by now. A process is therefore identified by its pid and
// start time, and is signalled only while both match. Ids below 2, which the kernel treats as groups or as init, are
// rejected.

const { execFileSync } = require("node:child_process");
const { readdirSync, readFileSync } = require("node:fs");

/**
 * A process that the emulator started. `startedAt` orders processes by age: clock ticks since boot on Linux,
 * milliseconds elsewhere, and 0 on Windows, which does not report it.
 * @typedef {{ readonly pid: number, readonly startedAt: number }} ProcessId
 */

/** @typedef {{ pid: number, parent: number, group: number, startedAt: number, isZombie: boolean }} ProcessEntry */

/**
 * Reads the identity of a process. Call it right after starting the process, before its pid can be reused.
 * @param {number | undefined} pid undefined if the program could not be started
 * @returns {ProcessId | undefined} undefined if the process was not started or is gone
 */
function identify(pid) {
    if (pid === undefined || !isOrdinary(pid)) {
        return undefined;
    }
    if (process.platform === "win32") {
        return { pid, startedAt: 0 };
    }
    const entry = process.platform === "linux" ? linuxEntry(String(pid)) : psTable(["-p", String(pid)])[0];
    return entry === undefined ? undefined : { pid, startedAt: entry.startedAt };
}

/**
 * Finds the live processes in the groups that these processes lead, and their descendants. This replaces a unit's
 * cgroup, which an ordinary user cannot create. Only a process that left both its group and its parent escapes.
 * @param {readonly ProcessId[]} leaders
 * @returns {ProcessId[]}
 */
function membersOf(leaders) {
    if (process.platform === "win32") {
        // Windows lacks process groups, but taskkill ends the whole process tree below the group's first process.
        return leaders.filter(({ pid }) => isOrdinary(pid));
    }
    const table = processTable();
    return withDescendants(groupMembers(leaders, table), table);
}

/**
 * Returns all of these processes and their descendants that are still alive.
 * @param {readonly ProcessEntry[]} entries @param {readonly ProcessEntry[]} table
 * @returns {ProcessId[]}
 */
function withDescendants(entries, table) {
    const members = new Map(entries.map((entry) => [entry.pid, entry]));
    for (let before = -1; before !== members.size; ) {
        before = members.size;
        for (const entry of table) {
            if (members.has(entry.parent)) {
                members.set(entry.pid, entry);
            }
        }
    }
    return [...members.values()].filter(({ isZombie }) => !isZombie).map(({ pid, startedAt }) => ({ pid, startedAt }));
}

/** @param {readonly ProcessId[]} leaders @param {readonly ProcessEntry[]} table */
function groupMembers(leaders, table) {
    return table.filter((entry) => leaders.some((leader) => isInGroup(entry, leader, table)));
}

/**
 * A group's id cannot be reused while the group has members. Its members therefore belong to the leader, unless the
 * leader's pid now has another start time.
 * @param {ProcessEntry} entry @param {ProcessId} leader @param {readonly ProcessEntry[]} table
 */
function isInGroup(entry, leader, table) {
    const holder = table.find(({ pid }) => pid === leader.pid);
    return (
        isOrdinary(leader.pid) &&
        entry.group === leader.pid &&
        entry.startedAt >= leader.startedAt &&
        (holder === undefined || holder.startedAt === leader.startedAt)
    );
}

/**
 * Signals every process in the groups that these processes lead; processes that are gone are not an error.
 * @param {readonly ProcessId[]} leaders @param {NodeJS.Signals} signal
 */
function signalGroups(leaders, signal) {
    for (const member of membersOf(leaders)) {
        signalProcess(member, signal);
    }
}

/**
 * Signals the processes in one group, as Ctrl-C at a terminal does. It does not reach descendants that left the group.
 * @param {ProcessId} leader @param {NodeJS.Signals} signal
 */
function signalForeground(leader, signal) {
    for (const { pid, startedAt } of groupMembers([leader], processTable())) {
        signalProcess({ pid, startedAt }, signal);
    }
}

/**
 * Signals one process if it is still the one that was started. Windows can only terminate whole process trees.
 * @param {ProcessId} id @param {NodeJS.Signals} signal
 * @returns {boolean} whether the signal was sent
 */
function signalProcess({ pid, startedAt }, signal) {
    if (!isOrdinary(pid) || identify(pid)?.startedAt !== startedAt) {
        return false;
    }
    if (process.platform === "win32") {
        runQuietly("taskkill", ["/PID", String(pid), "/T", "/F"]);
        return true;
    }
    try {
        return process.kill(pid, signal);
    } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ESRCH") {
            throw error;
        }
        return false;
    }
}

/**
 * Kills every process that was started with this environment variable, and its descendants. Such processes have escaped
 * their group or survived an emulator that was killed. Does nothing on Windows, which hides the environment of other
 * processes.
 * @param {string} name @param {string} value
 * @returns {number} the number of processes that were signalled
 */
function killByEnvironment(name, value) {
    const marker = `${name}=${value}`;
    const table = process.platform === "win32" ? [] : processTable();
    const marked = process.platform === "linux" ? () => table.filter(isMarked) : () => markedByPs(table, marker);
    return withDescendants(marked(), table)
        .filter(({ pid }) => pid !== process.pid)
        .filter((id) => signalProcess(id, "SIGKILL")).length;

    /** @param {ProcessEntry} entry */
    function isMarked({ pid }) {
        return readQuietly(`/proc/${pid}/environ`).split("\0").includes(marker);
    }
}

/** @param {readonly ProcessEntry[]} table @param {string} marker */
function markedByPs(table, marker) {
    const lines = runQuietly("ps", ["axeww", "-o", "pid=,command="]).split("\n");
    const pids = lines.filter((line) => `${line} `.includes(` ${marker} `)).map((line) => Number.parseInt(line, 10));
    return table.filter(({ pid }) => pids.includes(pid));
}

/** To the kernel, 0 and negative ids are groups, and 1 is the init process. @param {number} pid */
function isOrdinary(pid) {
    return Number.isSafeInteger(pid) && pid > 1;
}

/** @returns {ProcessEntry[]} */
function processTable() {
    if (process.platform !== "linux") {
        return psTable(["-A"]);
    }
    // Minimal Linux images lack `ps`.
    return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (linuxEntry(name) ?? []) : []));
}

/** @param {string} pid @returns {ProcessEntry | undefined} undefined if the process is gone */
function linuxEntry(pid) {
    // The command name, in parentheses, may contain spaces, so the fields begin after the last parenthesis.
    const stat = readQuietly(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: state, ppid and pgrp are fields 3 to 5, and starttime
    // is field 22.
    return stat === ""
        ? undefined
        : {
              pid: Number(pid),
              parent: Number(fields[1]),
              group: Number(fields[2]),
              startedAt: Number(fields[19]),
              isZombie: fields[0] === "Z",
          };
}

/** @param {string[]} selection @returns {ProcessEntry[]} */
function psTable(selection) {
    const listing = runQuietly("ps", [...selection, "-o", "pid=,ppid=,pgid=,stat=,lstart="]);
    return listing.split("\n").flatMap((line) => {
        const [pid, parent, group, state = "", ...start] = line.trim().split(/\s+/);
        return /^\d+$/.test(pid ?? "")
            ? [
                  {
                      pid: Number(pid),
                      parent: Number(parent),
                      group: Number(group),
                      startedAt: Date.parse(start.join(" ")),
                      isZombie: state.startsWith("Z"),
                  },
              ]
            : [];
    });
}

/** Returns the text of a file, or an empty string if it is gone or belongs to another user. @param {string} file */
function readQuietly(file) {
    try {
        return readFileSync(file, "utf8");
    } catch {
        return "";
    }
}

/** @param {string} command @param {readonly string[]} args */
function runQuietly(command, args) {
    try {
        return execFileSync(command, args, {
            encoding: "utf8",
            env: { ...process.env, LC_ALL: "C" },
            stdio: ["ignore", "pipe", "ignore"],
        });
    } catch {
        return "";
    }
}

module.exports = { identify, killByEnvironment, membersOf, signalForeground, signalGroups, signalProcess };
