import type { BootConfig } from "../../../infra/user-data";

/**
 * Completes the config for a test boot with a plain container, and with limits that are short but long enough for a
 * busy machine.
 */
export function withShortLimits(config: Partial<BootConfig>) {
    return {
        env: {},
        maxRunSeconds: 300,
        pullSeconds: 120,
        uploadSeconds: 60,
        debugSeconds: 0,
        maxAttempts: 3,
        privileged: false,
        writableRoot: false,
        gpuCount: 0,
        ...config,
        timing: { grantSeconds: 60, logSeconds: 1, stopGraceSeconds: 2, minimumUptimeSeconds: 0, ...config.timing },
    };
}
