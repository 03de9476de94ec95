import {
    type CreateResource,
    call,
    changePolicy,
    omitUndefined,
    type Properties,
    type RehearsalContext,
    rejectUnknownInputs,
} from "../rehearsal-context";

interface Binding {
    role: string;
    members: string[];
    condition?: Properties;
}
interface Policy extends Properties {
    bindings?: Binding[];
}
/** Access to a resource's IAM policy. */
interface PolicyAddress {
    read(context: RehearsalContext): Promise<Policy>;
    write(context: RehearsalContext, policy: Policy): Promise<unknown>;
}

/** `gcp.storage.BucketIAMMember`. */
export const bucketIamMember: CreateResource = (args, context) => {
    rejectUnknownInputs(args.type, args.inputs, ["bucket", "role", "member", "condition"]);
    const path = `/storage/v1/b/${args.inputs.bucket}/iam`;
    return grant(args.inputs, context, {
        read: (at) => call(at, "GET", `${path}?optionsRequestedPolicyVersion=3`),
        write: (at, policy) => call(at, "PUT", path, policy),
    });
};

/** `gcp.artifactregistry.RepositoryIamMember`. */
export const repositoryIamMember: CreateResource = (args, context) => {
    rejectUnknownInputs(args.type, args.inputs, ["repository", "location", "project", "role", "member", "condition"]);
    const { project = context.gcp.project, location, repository } = args.inputs;
    // The provider accepts both the short and the full name for a repository.
    const name = String(repository).includes("/")
        ? String(repository)
        : `projects/${project}/locations/${location}/repositories/${repository}`;
    return grant(args.inputs, context, {
        read: (at) => call(at, "GET", `/v1/${name}:getIamPolicy`),
        write: (at, policy) => call(at, "POST", `/v1/${name}:setIamPolicy`, { policy }),
    });
};

/** `gcp.secretmanager.SecretIamMember`. */
export const secretIamMember: CreateResource = (args, context) => {
    rejectUnknownInputs(args.type, args.inputs, ["secretId", "project", "role", "member", "condition"]);
    const { project = context.gcp.project, secretId } = args.inputs;
    const path = `/v1/projects/${project}/secrets/${secretId}`;
    return grant(args.inputs, context, {
        read: (at) => call(at, "GET", `${path}:getIamPolicy?options.requestedPolicyVersion=3`),
        write: (at, policy) => call(at, "POST", `${path}:setIamPolicy`, { policy }),
    });
};

/** `gcp.pubsub.TopicIAMMember`. */
export const topicIamMember: CreateResource = (args, context) => {
    rejectUnknownInputs(args.type, args.inputs, ["topic", "project", "role", "member", "condition"]);
    const { project = context.gcp.project, topic } = args.inputs;
    const path = `/v1/projects/${project}/topics/${topic}`;
    return grant(args.inputs, context, {
        read: (at) => call(at, "GET", `${path}:getIamPolicy?options.requestedPolicyVersion=3`),
        write: (at, policy) => call(at, "POST", `${path}:setIamPolicy`, { policy }),
    });
};

/** `gcp.projects.IAMMember`. */
export const projectIamMember: CreateResource = (args, context) => {
    rejectUnknownInputs(args.type, args.inputs, ["project", "role", "member", "condition"]);
    const path = `/v1/projects/${args.inputs.project ?? context.gcp.project}`;
    return grant(args.inputs, context, {
        read: (at) => call(at, "POST", `${path}:getIamPolicy`, { options: { requestedPolicyVersion: 3 } }),
        write: (at, policy) =>
            call(at, "POST", `${path}:setIamPolicy`, { policy, updateMask: "bindings,etag,auditConfigs" }),
    });
};

/**
 * Several members in one policy are registered concurrently, and each one reads, changes and writes the whole policy.
 * Like the provider, this uses a mutex, because otherwise the etag check would reject all but one of the writes.
 */
let turn: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
}

async function grant(inputs: Properties, context: RehearsalContext, address: PolicyAddress) {
    const role = String(inputs.role);
    const member = String(inputs.member);
    const condition = inputs.condition as Properties | undefined;
    const same = (binding: Binding) =>
        binding.role === role && JSON.stringify(binding.condition ?? null) === JSON.stringify(condition ?? null);
    const change = (at: RehearsalContext, edit: (policy: Policy) => Policy) =>
        inTurn(() =>
            changePolicy(
                () => address.read(at),
                (policy) => address.write(at, policy),
                edit,
            ),
        );
    await change(context, (policy) => {
        const bindings = policy.bindings ?? [];
        const existing = bindings.find(same);
        if (existing) {
            existing.members = [...new Set([...existing.members, member])];
        } else {
            bindings.push(omitUndefined({ role, members: [member], condition }) as unknown as Binding);
        }
        return { ...policy, version: 3, bindings };
    });
    return {
        id: [role, member, condition?.title].filter(Boolean).join("/"),
        outputs: {},
        detail: condition ? `${role} if ${condition.title}` : role,
        destroy: (later: RehearsalContext) =>
            change(later, (policy) => {
                const bindings = (policy.bindings ?? [])
                    .map((each) =>
                        same(each) ? { ...each, members: each.members.filter((one) => one !== member) } : each,
                    )
                    .filter((each) => each.members.length > 0);
                return { ...policy, bindings };
            }),
    };
}
