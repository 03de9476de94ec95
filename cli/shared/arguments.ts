import { type ParseArgsConfig, parseArgs } from "node:util";
import { UsageError } from "./usage-error";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** The values of a command line's options, typed according to the rules of `parseArgs`. */
type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O }>>["values"];

/** A command whose arguments are parsed. */
export interface CommandSyntax<O extends Options> {
    /** The npm command that shows the usage, such as `npm start -- --help`. */
    help: string;
    options: O;
    /** @default 0 */
    maxPositionals?: number;
}

/** `--help`, which every command accepts. */
export const HELP = { help: { type: "boolean", short: "h" } } as const satisfies Options;

/**
 * Parses a command line.
 *
 * @throws UsageError that names the command that prints the usage
 */
export function readArguments<O extends Options>(
    args: string[],
    { help, options, maxPositionals = 0 }: CommandSyntax<O>,
): { values: Values<O>; positionals: string[] } {
    const { values, positionals } = parse(args, options, help);
    if (positionals.length > maxPositionals) {
        throw new UsageError(`"${positionals[maxPositionals]}" is one argument too many (${help})`);
    }
    return { values, positionals };
}

function parse<O extends Options>(args: string[], options: O, help: string) {
    try {
        return parseArgs({ args, options, allowPositionals: true });
    } catch (error) {
        throw new UsageError(`${explain(error as Error, Object.keys(options))} (${help})`);
    }
}

/** Says in this project's words why `parseArgs` rejects an option. */
function explain({ code, message }: NodeJS.ErrnoException, options: readonly string[]): string {
    // The message begins with "Unknown option '--foo'" or "Option '-c, --config <value>' argument missing".
    const [, name = ""] = /'(?:-\w, )?(.*?)(?: <value>)?'(?=$|\. To | argument | does )/s.exec(message) ?? [];
    if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
        return `An option must be one of ${options.map((each) => `--${each}`).join(", ")}; got "${name}"`;
    }
    return message.includes("does not take an argument")
        ? `${name} must not have a value`
        : `${name} must be followed by a value, or by = and a value that begins with a dash`;
}
