import path from "node:path";
import { parseArgs } from "node:util";
import type { BucketClient } from "../../../run/clients";
import { createAuth } from "../../../run/credentials";
import { openBucket } from "../../../run/google-clients";
import { UsageError } from "../../start/stack-config";
import { findPlace, type Place, type PlaceOptions, type Surroundings } from "./place";
import { checkEmulator, explain } from "./problems";

/** What every command about stored runs takes, for its usage. */
export const PLACE_USAGE = `  -s, --stack STACK   the stack; default: the one that is selected (npx pulumi stack ls)
  --bucket gs://...   a stack's bucket, where its state is not at hand: Pulumi is not asked then, and credentials are
                      those of gcloud auth application-default login or of the gcp provider's environment variables
  --help              this text`;

const OPTIONS = {
    stack: { type: "string", short: "s" },
    bucket: { type: "string" },
    help: { type: "boolean", short: "h" },
} as const;

/** A command line, read. */
export interface Arguments extends PlaceOptions {
    help: boolean;
    positionals: string[];
}

/**
 * Reads a command line.
 *
 * @param maxPositionals how many words that are no options it takes
 * @throws UsageError
 */
export function readArguments(script: string, args: string[], maxPositionals: number): Arguments {
    try {
        const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: maxPositionals > 0 });
        if (positionals.length > maxPositionals) {
            throw new UsageError(
                `"${positionals[maxPositionals]}" is one argument too many (npm run ${script} -- --help)`,
            );
        }
        return { stack: values.stack, bucket: values.bucket, help: values.help ?? false, positionals };
    } catch (error) {
        throw error instanceof UsageError
            ? error
            : new UsageError(`${(error as Error).message} (npm run ${script} -- --help)`);
    }
}

/** Opens the bucket that the options name, and says what to do when something about it fails. */
export async function withBucket(
    options: PlaceOptions,
    surroundings: Surroundings,
    action: (bucket: BucketClient, place: Place) => Promise<number>,
): Promise<number> {
    const place = await findPlace(options, surroundings);
    await checkEmulator(place.settings);
    try {
        return await action(openBucket(place.bucket, place.settings, await createAuth(place.settings)), place);
    } catch (error) {
        throw explain(error, place);
    }
}

/** Runs a command as this process: its exit status, and errors that a person can mend without a stack trace. */
export function runAsProcess(command: (args: string[], surroundings: Surroundings) => Promise<number>): void {
    const projectDir = path.resolve(__dirname, "../../..");
    const print = (line: string) => console.log(line);
    command(process.argv.slice(2), { projectDir, packageDir: projectDir, env: process.env, print }).then(
        (status) => {
            process.exitCode = status;
        },
        (error: Error) => {
            console.error(error instanceof UsageError ? `error: ${error.message}` : error.stack);
            process.exitCode = 1;
        },
    );
}
