import { type CreateResource, call, create, omitUndefined, rejectUnknownInputs } from "../rehearsal-context";

/** `gcp.serviceaccount.Account`. */
export const serviceAccount: CreateResource = async ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, [
        "accountId",
        "project",
        "displayName",
        "description",
        "createIgnoreAlreadyExists",
    ]);
    const project = inputs.project ?? context.gcp.project;
    const collection = `/v1/projects/${project}/serviceAccounts`;
    const account = await create(
        context,
        collection,
        {
            accountId: inputs.accountId,
            serviceAccount: omitUndefined({ displayName: inputs.displayName, description: inputs.description }),
        },
        `${collection}/${inputs.accountId}@${project}.iam.gserviceaccount.com`,
    );
    const { name, email, uniqueId } = account as Record<string, string>;
    return {
        id: String(name),
        outputs: { name, email, uniqueId, member: `serviceAccount:${email}` },
        detail: String(email),
        destroy: async (later) => {
            await call(later, "DELETE", `/v1/${name}`);
        },
    };
};
