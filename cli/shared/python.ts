import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Prints which of the distributions named in its arguments are not installed. */
const PROGRAM = `
import importlib.metadata, sys
for name in sys.argv[1:]:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        print(name)
`;

/** The names of the packages in the text of a requirements.txt file, without versions or options. */
export function requiredPackages(text: string): string[] {
    return text
        .split("\n")
        .map((line) => /^[A-Za-z0-9][A-Za-z0-9._-]*/.exec(line.trim())?.[0])
        .filter((name) => name !== undefined);
}

/**
 * The packages in a requirements.txt that Python on this machine lacks. It does not compare versions.
 *
 * @returns all of them if there is no Python
 */
export function missingPackages(requirements: string, env: NodeJS.ProcessEnv = process.env): string[] {
    const names = requiredPackages(readFileSync(requirements, "utf8"));
    const { status, stdout } = spawnSync("python3", ["-c", PROGRAM, ...names], { encoding: "utf8", env });
    return status === 0 ? stdout.split("\n").filter(Boolean) : names;
}
