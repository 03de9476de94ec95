import { type BucketClient, systemClock } from "../../../run/clients";
import { createAuth } from "../../../run/credentials";
import { openBucket } from "../../../run/google-bucket";
import { HELP } from "../arguments";
import type { CommandContext } from "../command-context";
import { checkEmulator, explainError } from "./explain-error";
import { findStack, type StackLocation, type StackOptions } from "./stack-location";

/** Options for every command that works with stored runs. */
export const STACK_OPTIONS = {
    stack: { type: "string", short: "s" },
    bucket: { type: "string" },
    ...HELP,
} as const;

/** The usage text for those options. */
export const STACK_USAGE = `  -s, --stack STACK   the stack; default: the selected one (npx pulumi stack ls)
  --bucket gs://...   a stack's bucket, for use without the stack's state: Pulumi is not called, and the credentials are
                      those of gcloud auth application-default login or of the gcp provider's environment variables
  --help              this text`;

/**
 * Opens the bucket specified by the options. Errors from Google's clients are converted to errors that say what to do.
 */
export async function withBucket(
    options: StackOptions,
    context: CommandContext,
    action: (bucket: BucketClient, location: StackLocation) => Promise<number>,
): Promise<number> {
    const location = await findStack(options, context);
    const { bucket, settings } = location;
    await checkEmulator(settings);
    try {
        return await action(openBucket(bucket, settings, await createAuth(settings), systemClock()), location);
    } catch (error) {
        throw explainError(error, bucket, settings);
    }
}
