import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { COPIES, contextFiles } from "../build-context";

/** A trainer that consists of a Python file, without a Dockerfile. */
export interface PythonTrainer {
    /** Path of the Python file; `""` for another kind of trainer. */
    readonly script: string;
    /** Path of the file that lists the packages it needs; `""` for none. */
    readonly requirements: string;
}

/** Folder in the generated build context that holds the script and the modules next to it. */
export const APP = "app";
/** Names of files and folders that do not belong to a program: hidden files, caches and local environments. */
const NOT_PART = /^(\..*|__pycache__|node_modules|venv|.*\.pyc)$/;

/**
 * Writes the build context for a Python file, and points `trainer` to it. Does nothing for any other trainer.
 *
 * @param root the program's folder
 * @param stack name of the Pulumi stack
 */
export function withPythonTrainer<C extends PythonTrainer & { readonly trainer: string }>(
    config: C,
    root: string,
    stack: string,
): C {
    if (config.script === "") {
        return config;
    }
    const trainer = [COPIES, "python", encodeURIComponent(stack)].join("/");
    writeFolder(path.join(root, trainer), generatedFiles(config, root));
    writeFileSync(path.join(root, COPIES, ".gitignore"), "*\n");
    return { ...config, trainer };
}

/** The folder that contains a script, and the relative paths of the files in it that belong to the program. */
export function scriptFiles(script: string, root = "."): { folder: string; names: string[] } {
    const file = path.resolve(root, script);
    const folder = path.dirname(file);
    const isProject = path.relative(path.resolve(root), folder) === "";
    // The project's own folder also holds the program, its packages and the results.
    const names = isProject ? [path.basename(file)] : contextFiles(folder);
    return { folder, names: names.filter((name) => !name.split("/").some((part) => NOT_PART.test(part))) };
}

/** The generated build context: contents by path. */
function generatedFiles({ script, requirements }: PythonTrainer, root: string): Map<string, Buffer> {
    const { folder, names } = scriptFiles(script, root);
    const packages = requirements === "" ? Buffer.alloc(0) : readFileSync(path.resolve(root, requirements));
    return new Map([
        ...[...new Set([...names, path.basename(script)])].map(
            (name) => [`${APP}/${name}`, readFileSync(path.join(folder, name))] as const,
        ),
        ["requirements.txt", packages] as const,
        ["Dockerfile", Buffer.from(pythonDockerfile(path.basename(script)))] as const,
    ]);
}

/** Makes a folder contain exactly these files, without rewriting those that are up to date. */
function writeFolder(folder: string, files: ReadonlyMap<string, Buffer>): void {
    mkdirSync(folder, { recursive: true });
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => !each.isDirectory());
    const found = entries.map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
    for (const name of found.filter((each) => !files.has(each.split(path.sep).join("/")))) {
        rmSync(path.join(folder, name), { force: true });
    }
    for (const [name, content] of files) {
        const file = path.join(folder, name);
        if (!existsSync(file) || !readFileSync(file).equals(content)) {
            mkdirSync(path.dirname(file), { recursive: true });
            writeFileSync(file, content);
        }
    }
}

/**
 * The Dockerfile for a Python file. The packages are in a separate layer, which stays in the cache if only the script
 * changes. They are installed on the builder's own platform, because programs for another one crash or hang under
 * emulation; pip then downloads wheels for the VM's platform. Docker's classic builder leaves BUILDPLATFORM empty.
 */
function pythonDockerfile(script: string): string {
    return `# Generated from the config keys \`script\` and \`requirements\`. The build argument PYTHON_IMAGE selects another image.
ARG PYTHON_IMAGE=python:3.13-slim-trixie
FROM --platform=\${BUILDPLATFORM:-linux} \${PYTHON_IMAGE} AS packages
ARG BUILDPLATFORM TARGETPLATFORM
COPY requirements.txt /requirements.txt
RUN set --; \\
    if [ "$BUILDPLATFORM" != "$TARGETPLATFORM" ]; then \\
        case $TARGETPLATFORM in (linux/arm64*) cpu=aarch64 ;; (*) cpu=x86_64 ;; esac; \\
        set -- --only-binary=:all: --platform manylinux_2_28_$cpu --platform manylinux_2_17_$cpu --platform manylinux2014_$cpu; \\
    fi; \\
    site=$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))') && mkdir -p "/packages$site" && \\
    python3 -m pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore "$@" \\
        --target "/packages$site" --requirement /requirements.txt

FROM \${PYTHON_IMAGE}
ENV PYTHONDONTWRITEBYTECODE=1
COPY --from=packages /packages/ /
WORKDIR /${APP}
COPY ${APP} ./
ENTRYPOINT ["python3", ${JSON.stringify(script)}]
`;
}
