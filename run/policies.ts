import { httpStatusOf } from "./errors";
import type { Body, GoogleApis } from "./google-api";

/**
 * A resource with an IAM policy: a project, a bucket, a secret (`projects/P/secrets/S`) or a topic
 * (`projects/P/topics/T`).
 */
export type PolicyHolder = { project: string } | { bucket: string } | { secret: string } | { topic: string };

interface Binding {
    role: string;
    members?: string[];
}

/** Removes a service account from all bindings in a policy. If it is in none of them, the policy is not written. */
export async function revoke(apis: GoogleApis, holder: PolicyHolder, email: string): Promise<void> {
    const isMember = (member: string) =>
        member === `serviceAccount:${email}` || member.startsWith(`deleted:serviceAccount:${email}?`);
    for (let tries = 1; ; tries += 1) {
        const policy = await readPolicy(apis, holder);
        const bindings = (policy?.bindings ?? []) as Binding[];
        if (!bindings.some(({ members = [] }) => members.some(isMember))) {
            return;
        }
        const left = bindings
            .map((binding) => ({ ...binding, members: (binding.members ?? []).filter((one) => !isMember(one)) }))
            .filter(({ members }) => members.length > 0);
        try {
            await writePolicy(apis, holder, { ...policy, version: 3, bindings: left });
            return;
        } catch (error) {
            // Another program has changed the policy since it was read.
            if (![409, 412].includes(httpStatusOf(error) ?? 0) || tries === 10) {
                throw error;
            }
            await apis.clock.sleep(500 * tries);
        }
    }
}

function readPolicy({ call, endpoints }: GoogleApis, holder: PolicyHolder): Promise<Body | undefined> {
    if ("project" in holder) {
        const body = { options: { requestedPolicyVersion: 3 } };
        return call("POST", `${endpoints.resourceManager}projects/${holder.project}:getIamPolicy`, body);
    }
    return "bucket" in holder
        ? call("GET", `${endpoints.storage}b/${holder.bucket}/iam?optionsRequestedPolicyVersion=3`)
        : call("GET", `${urlOf(endpoints, holder)}:getIamPolicy?options.requestedPolicyVersion=3`);
}

async function writePolicy({ call, endpoints }: GoogleApis, holder: PolicyHolder, policy: Body): Promise<void> {
    if ("project" in holder) {
        await call("POST", `${endpoints.resourceManager}projects/${holder.project}:setIamPolicy`, { policy });
    } else if ("bucket" in holder) {
        await call("PUT", `${endpoints.storage}b/${holder.bucket}/iam`, policy);
    } else {
        await call("POST", `${urlOf(endpoints, holder)}:setIamPolicy`, { policy });
    }
}

function urlOf(endpoints: GoogleApis["endpoints"], holder: { secret: string } | { topic: string }): string {
    return "secret" in holder ? endpoints.secretManager + holder.secret : endpoints.pubsub + holder.topic;
}
