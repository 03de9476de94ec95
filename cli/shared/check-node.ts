/** The Node.js versions for which this project is tested, as in `engines` of package.json. */
const OLDEST = [20, 20] as const;

/** The problem with a version of Node.js such as `18.19.1`, and how to fix it; undefined if it is new enough. */
export function nodeProblem(version: string): string | undefined {
    const [major = 0, minor = 0] = version.split(".").map(Number);
    const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
    return isOld
        ? `This needs Node.js ${OLDEST.join(".")} or newer; got ${version} (https://nodejs.org, or nvm install --lts)`
        : undefined;
}

// Every command imports this file first, because older versions cannot load some of the packages.
const problem = nodeProblem(process.versions.node);
if (problem !== undefined) {
    console.error(problem);
    process.exit(1);
}
