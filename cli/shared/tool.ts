import { IS_PACKAGE } from "./project";

/** The commands, by name. */
export const COMMANDS = {
    init: "creates a project",
    start: "rehearses a stack on this machine: no cloud account, nothing left behind",
    up: "deploys a stack, and shows the trainer's log as it arrives",
    preview: "shows what up would change, and changes nothing",
    destroy: "downloads the results, and destroys a stack",
    logs: "prints the log of a run, during the run and afterwards",
    runs: "lists the runs of a stack",
    results: "downloads runs and verifies them",
    residue: "lists what a destroyed stack has left behind, with its cost",
    report: "opens a run's report",
    predict: "predicts the rows of a CSV file with a trained model",
    emulator: "emulates Google Cloud locally, for pulumi up -s local",
} as const;

export type CommandName = keyof typeof COMMANDS;

/**
 * A command line as the user would type it here: an npm script in a checkout and for `npm start`, otherwise `npx
 * gcp-trainer`.
 *
 * @param args options and arguments, as one string
 */
export function commandLine(command: CommandName, args = ""): string {
    const isStartScript = command === "start" && process.env.npm_lifecycle_event === "start";
    if (IS_PACKAGE && !isStartScript) {
        return ["npx gcp-trainer", command, args].filter(Boolean).join(" ");
    }
    const script = command === "start" ? "npm start" : `npm run ${command}`;
    return args === "" ? script : `${script} -- ${args}`;
}

/** The command that saves the results of a stack on this machine; without a stack, a rehearsal. */
export function commandThatSaves(stack: string | undefined): string {
    return stack === undefined || stack === "local" ? commandLine("start") : commandLine("results", `-s ${stack}`);
}
