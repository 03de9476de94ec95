import { type CreateResource, call, rejectUnknownInputs } from "../rehearsal-context";

/** Creates `gcp.projects.Service`: enables an API, and leaves it enabled when the stack is destroyed. */
export const service: CreateResource = async ({ type, inputs }, context) => {
    rejectUnknownInputs(type, inputs, ["service", "project", "disableOnDestroy", "disableDependentServices"]);
    const name = `projects/${inputs.project ?? context.gcp.project}/services/${inputs.service}`;
    await call(context, "POST", `/v1/${name}:enable`, {});
    return { id: String(inputs.service), outputs: {}, detail: String(inputs.service) };
};
