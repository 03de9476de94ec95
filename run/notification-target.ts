/** True for a value of `notify`: an HTTPS URL, or the full name of a Pub/Sub topic. */
export function isNotificationTarget(text: string): boolean {
    return isUrl(text) || /^projects\/[a-z0-9.:-]+\/topics\/[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/.test(text);
}

/**
 * Full name of the topic to which a run's VM publishes: the given one or, for a URL, the stack's own; undefined for
 * none.
 * @param own ID of the topic that the stack creates in the project
 * @throws Error without the value, because it may be a misspelled secret URL
 */
export function topicOf(notify: string, project: string, own: string): string | undefined {
    if (notify === "") {
        return undefined;
    }
    if (!isNotificationTarget(notify)) {
        throw new Error("notify must be an HTTPS URL or a Pub/Sub topic, projects/<project>/topics/<topic>");
    }
    return isUrl(notify) ? `projects/${project}/topics/${own}` : notify;
}

function isUrl(text: string): boolean {
    return /^https:\/\/[^/?#\s]\S*$/.test(text) && URL.canParse(text);
}
