import "../shared/check-node";

import path from "node:path";
import { createInterface } from "node:readline/promises";
import { terminalText } from "../../run/terminal-text";
import { HELP, readArguments } from "../shared/arguments";
import { processTerminal } from "../shared/command-context";
import { missingPackages } from "../shared/python";
import { runCommand } from "../shared/run-command";
import { Screen } from "../shared/screen";
import { UsageError } from "../shared/usage-error";
import { csvColumns } from "./columns";
import { findPackage } from "./find-package";
import {
    LANGUAGES,
    type Language,
    type ProjectChoices,
    PYTHON_REQUIREMENTS,
    projectFiles,
    writeProject,
} from "./project-files";

const USAGE = `gcp-trainer init creates a project: a folder with a Pulumi program of ten lines, its settings, a dataset and a trainer.

Usage: gcp-trainer init [options] FOLDER

  --language NAME   python: your own trainer, in Python; built-in: the trainer that comes with the package, which needs no
                    code. Default: python if this machine has Python and the trainer's packages, otherwise built-in
  --dataset FILE    a CSV file, which is copied into data/; default: the iris dataset
  --target COLUMN   the column to predict; default: Species for iris, the last column of a file
  --template        creates a template for \`pulumi new FOLDER\` instead of a project
  -y, --yes         asks no questions; the options and defaults apply
  --help            this text

On a terminal, init asks for each option that is missing.`;

const OPTIONS = {
    language: { type: "string" },
    dataset: { type: "string" },
    target: { type: "string" },
    template: { type: "boolean" },
    yes: { type: "boolean", short: "y" },
    ...HELP,
} as const;

async function main(args: string[]): Promise<number> {
    const { values, positionals } = readArguments(args, {
        help: "gcp-trainer init --help",
        options: OPTIONS,
        maxPositionals: 1,
    });
    if (values.help) {
        new Screen(processTerminal()).print(USAGE);
        return 0;
    }
    const ask = process.stdin.isTTY && process.stdout.isTTY && !values.yes ? openPrompt() : undefined;
    try {
        const folder = positionals[0] ?? (await ask?.question("Folder of the new project", "my-project"));
        if (folder === undefined) {
            throw new UsageError("The folder of the new project must be given (gcp-trainer init my-project)");
        }
        const language = checkLanguage(
            values.language ?? (await ask?.question(`Language (${LANGUAGES.join(", ")})`, defaultLanguage())),
        );
        const dataset = values.dataset ?? ((await ask?.question("Dataset: a CSV file, or iris", "iris")) || "iris");
        const columns = dataset === "iris" ? undefined : await csvColumns(dataset);
        const guess = dataset === "iris" ? "Species" : columns?.at(-1);
        const target = checkTarget(
            values.target ?? (await ask?.question("Column to predict", guess)) ?? guess,
            columns,
            dataset,
        );
        const choices: ProjectChoices = {
            folder: path.resolve(folder),
            language,
            dataset: dataset === "iris" ? undefined : dataset.startsWith("gs://") ? dataset : path.resolve(dataset),
            target,
            isTemplate: values.template === true,
        };
        const files = projectFiles(choices, findPackage());
        writeProject(choices.folder, files);
        report(choices);
        return 0;
    } finally {
        ask?.close();
    }
}

function report({ folder, language, dataset, isTemplate }: ProjectChoices): void {
    const shown = terminalText(path.relative("", folder) || folder);
    if (isTemplate) {
        // Pulumi resolves a relative path in the folder that --dir names.
        console.log(`Created a template in ${shown}. Next: npx pulumi new ${terminalText(folder)} --dir my-project`);
        return;
    }
    const start = dataset?.startsWith("gs://") ? "npm start -- --dataset-from FILE" : "npm start";
    console.log(`Created a project in ${shown}. Next:`);
    console.log(`  cd ${shown} && npm install && ${start}`);
    const missing = language === "python" ? missingPackages(PYTHON_REQUIREMENTS) : [];
    if (missing.length > 0) {
        console.log("To rehearse the trainer in Python without Docker, also run:");
        console.log("  python3 -m venv .venv && .venv/bin/pip install -r trainer/requirements.txt");
    }
}

function openPrompt() {
    const prompt = createInterface({ input: process.stdin, output: process.stdout });
    return {
        question: async (text: string, fallback?: string) =>
            (await prompt.question(fallback === undefined ? `${text}: ` : `${text} [${fallback}]: `)).trim() ||
            fallback,
        close: () => prompt.close(),
    };
}

function defaultLanguage(): Language {
    return missingPackages(PYTHON_REQUIREMENTS).length === 0 ? "python" : "built-in";
}

function checkLanguage(name = defaultLanguage() as string): Language {
    const language = LANGUAGES.find((each) => each === name);
    if (language === undefined) {
        throw new UsageError(
            `--language must be one of ${LANGUAGES.join(", ")}; got "${name}" (gcp-trainer init --language python)`,
        );
    }
    return language;
}

function checkTarget(target: string | undefined, columns: readonly string[] | undefined, dataset: string): string {
    if (!target) {
        throw new UsageError(`--target must be a column of ${dataset}; got nothing (gcp-trainer init --target COLUMN)`);
    }
    if (columns !== undefined && !columns.includes(target)) {
        throw new UsageError(
            `--target must be a column of ${dataset}, which has ${columns.join(", ")}; got "${target}" (gcp-trainer init --target ${columns.at(-1)})`,
        );
    }
    return target;
}

runCommand(main);
