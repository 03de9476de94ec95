import type { TaskGroupBody } from "./job-schema";

/**
 * Decides whether a failed task is retried. Without a policy, every failure is retried. With RETRY_TASK, a task is
 * retried only if the policy lists its exit code; with FAIL_TASK, only if it does not.
 *
 * @param attempt number of retries so far
 * @see https://cloud.google.com/batch/docs/automate-task-retries
 */
export function retries(
    { maxRetryCount = 0, lifecyclePolicies = [] }: TaskGroupBody["taskSpec"],
    exitCode: number,
    attempt: number,
): boolean {
    const [policy] = lifecyclePolicies;
    const isListed = policy?.actionCondition.exitCodes.includes(exitCode) === true;
    const isRetriable = policy === undefined || (policy.action === "RETRY_TASK" ? isListed : !isListed);
    return isRetriable && attempt < maxRetryCount;
}
