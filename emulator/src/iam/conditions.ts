import { Environment } from "@marcbachmann/cel-js";
import { invalid, unimplemented } from "../http/errors";

/**
 * A condition that limits when a binding applies: https://cloud.google.com/iam/docs/conditions-overview. The expression
 * is CEL.
 */
export interface Condition {
    readonly expression: string;
    readonly title?: string | undefined;
    readonly description?: string | undefined;
    readonly location?: string | undefined;
}

/** The attributes that a condition can read: https://cloud.google.com/iam/docs/conditions-attribute-reference */
export interface ConditionContext {
    readonly resource: { readonly name: string; readonly type: string; readonly service: string };
    readonly request: { readonly time: Date };
}

const environment = new Environment({ unlistedVariablesAreDyn: false })
    .registerVariable({ name: "resource", schema: { name: "string", type: "string", service: "string" } })
    .registerVariable({ name: "request", schema: { time: "google.protobuf.Timestamp" } });

/**
 * Checks an expression before it becomes part of a policy.
 *
 * @throws ApiError 400 if it is not valid CEL, 501 if it uses an attribute or function that the emulator does not
 *     support
 */
export function checkCondition(condition: Condition): void {
    try {
        environment.parse(condition.expression);
    } catch (error) {
        throw invalid(
            `Condition expression ${JSON.stringify(condition.expression)} is not valid CEL: ${firstLine(error)}.`,
        );
    }
    const checked = environment.check(condition.expression);
    if (!checked.valid) {
        const reason = firstLine(checked.error);
        throw unimplemented(`the condition expression ${JSON.stringify(condition.expression)} (${reason})`);
    }
    if (checked.type !== "bool" && checked.type !== "dyn") {
        throw invalid(
            `Condition expression ${JSON.stringify(condition.expression)} must return a bool, not ${checked.type}.`,
        );
    }
}

/** Evaluates a condition. As in IAM, an expression that cannot be evaluated with these attributes grants nothing. */
export function conditionHolds(condition: Condition, context: ConditionContext): boolean {
    try {
        return environment.evaluate(condition.expression, { ...context }) === true;
    } catch {
        return false;
    }
}

function firstLine(error: unknown): string {
    return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
}
