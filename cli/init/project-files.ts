import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseDocument } from "yaml";
import { PACKAGE_ROOT } from "../shared/project";
import { UsageError } from "../shared/usage-error";
import type { PackageSource } from "./find-package";

export const LANGUAGES = ["python", "built-in"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The files from which projects are created. */
const TEMPLATE = path.join(PACKAGE_ROOT, "template");

/** The file that lists the packages for the Python trainer. */
export const PYTHON_REQUIREMENTS = path.join(TEMPLATE, "python/trainer/requirements.txt");

/** The built-in trainer's folder, as seen from a project. */
const BUILT_IN_TRAINER = "node_modules/gcp-trainer/dist/built-in-trainer";

/** The folder for the package's tarball. It is part of the project, so that packages can be installed in a clone. */
const TARBALL_FOLDER = ".gcp-trainer";

/** Text that `pulumi new` replaces in every file of a template. */
const PROJECT = "${PROJECT}";
const DESCRIPTION = "${DESCRIPTION}";

/** The description of a project, unless `pulumi new` asks for another. */
const DEFAULT_DESCRIPTION = "Trains a model on a Google Cloud VM";

/** The answers to the questions that `init` asks. */
export interface ProjectChoices {
    /** Absolute path of the new folder. */
    folder: string;
    language: Language;
    /** Absolute path or `gs://` URI of the dataset; undefined for iris. */
    dataset: string | undefined;
    target: string;
    /** True for a template, in which `pulumi new` replaces the project's name and description. */
    isTemplate: boolean;
}

/** The files of a new project, by path. */
export function projectFiles(choices: ProjectChoices, source: PackageSource): Map<string, Buffer> {
    const { folder, language, dataset, isTemplate } = choices;
    const files = new Map<string, Buffer>();
    // npm leaves .gitignore and .github out of packages, or renames them, so the template has them without the dot.
    addFolder(files, path.join(TEMPLATE, "project"), (name) =>
        name.replace(/^(gitignore|gitattributes|github)(?=\/|$)/, ".$1"),
    );
    if (language === "python") {
        addFolder(files, path.join(TEMPLATE, "python"), (name) => name);
    }
    if (dataset === undefined) {
        files.set("data/iris.csv", readFileSync(path.join(TEMPLATE, "data/iris.csv")));
    } else if (!dataset.startsWith("gs://")) {
        files.set(`data/${path.basename(dataset)}`, readFileSync(dataset));
    }
    const text = (name: string) => (files.get(name) ?? Buffer.alloc(0)).toString("utf8");
    files.set("Pulumi.yaml", Buffer.from(pulumiYaml(text("Pulumi.yaml"), choices)));
    files.set("package.json", Buffer.from(packageJson(text("package.json"), source)));
    if ("tarball" in source) {
        files.set(`${TARBALL_FOLDER}/${path.basename(source.tarball)}`, readFileSync(source.tarball));
    }
    if (!isTemplate) {
        const name = projectName(folder);
        for (const file of ["Pulumi.yaml", "README.md"]) {
            const filled = text(file).replaceAll(PROJECT, name).replaceAll(DESCRIPTION, DEFAULT_DESCRIPTION);
            files.set(file, Buffer.from(filled));
        }
    }
    return files;
}

/**
 * Writes the files into a new folder, or into an existing one that contains none of them.
 *
 * @throws UsageError if the folder already contains any of them
 */
export function writeProject(folder: string, files: ReadonlyMap<string, Buffer>): void {
    const existing = [...files.keys()].filter((name) => existsSync(path.join(folder, name)));
    if (existing.length > 0) {
        throw new UsageError(
            `The project's folder must not contain files that init writes; got ${existing.join(", ")} in ${folder} (choose another folder: gcp-trainer init other-project)`,
        );
    }
    for (const [name, content] of files) {
        const file = path.join(folder, name);
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, content);
    }
}

function addFolder(files: Map<string, Buffer>, folder: string, rename: (name: string) => string): void {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) {
            const file = path.join(entry.parentPath, entry.name);
            files.set(rename(path.relative(folder, file).split(path.sep).join("/")), readFileSync(file));
        }
    }
}

/** Sets the config and, in a template, the questions that `pulumi new` asks. */
function pulumiYaml(text: string, { language, dataset, target, isTemplate }: ProjectChoices): string {
    const document = parseDocument(text);
    const file = dataset?.startsWith("gs://") ? dataset : `data/${path.basename(dataset ?? "iris.csv")}`;
    document.setIn(["config", "dataset", "default"], file);
    document.setIn(["config", "target", "default"], target);
    document.setIn(["config", "trainer", "default"], language === "python" ? "trainer" : BUILT_IN_TRAINER);
    if (language === "python" && dataset === undefined) {
        // Rows are sorted by class, so the row number would predict it. The built-in trainer leaves it out by itself.
        document.setIn(["config", "dropColumns", "default"], ["Id"]);
    }
    if (isTemplate) {
        document.setIn(["template"], {
            description: "Trains a model on a Google Cloud VM with one `pulumi up` and downloads the verified result",
            config: { "gcp:project": { description: "The Google Cloud project to deploy to" } },
        });
    }
    return document.toString({ lineWidth: 0 });
}

function packageJson(text: string, source: PackageSource): string {
    const manifest = JSON.parse(text) as { dependencies: Record<string, string> };
    manifest.dependencies["gcp-trainer"] =
        "tarball" in source ? `file:${TARBALL_FOLDER}/${path.basename(source.tarball)}` : `^${source.version}`;
    return `${JSON.stringify(manifest, undefined, 4)}\n`;
}

/**
 * A name that Pulumi accepts, derived from the folder's name:
 * https://www.pulumi.com/docs/iac/concepts/projects/project-file/
 */
function projectName(folder: string): string {
    return (
        path
            .basename(folder)
            .replaceAll(/[^A-Za-z0-9_.-]+/g, "-")
            .replace(/^-+|-+$/g, "") || "my-project"
    );
}
