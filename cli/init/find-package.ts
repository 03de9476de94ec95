import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { IS_PACKAGE, PACKAGE_ROOT } from "../shared/project";
import { UsageError } from "../shared/usage-error";

/** The source from which a new project installs the package. */
export type PackageSource = { version: string } | { tarball: string };

/**
 * Determines how the running package was installed: from a tarball or from a registry.
 *
 * @throws UsageError in a checkout, and if the tarball has been removed
 */
export function findPackage(): PackageSource {
    if (!IS_PACKAGE) {
        throw new UsageError(
            "init must run from the package; got a checkout (npm pack, then npx --package ./gcp-trainer-VERSION.tgz gcp-trainer init my-project)",
        );
    }
    const own = path.join(PACKAGE_ROOT, "..");
    const { version } = readJson<{ version: string }>(path.join(own, "package.json"));
    // npm records the source of every package in `node_modules/.package-lock.json`.
    const modules = path.join(own, "..");
    const record = path.join(modules, ".package-lock.json");
    const lock = existsSync(record) ? readJson<{ packages?: Record<string, { resolved?: string }> }>(record) : {};
    const resolved = lock.packages?.["node_modules/gcp-trainer"]?.resolved ?? "";
    if (!resolved.startsWith("file:")) {
        return { version };
    }
    const tarball = resolved.startsWith("file:///")
        ? fileURLToPath(resolved)
        : path.resolve(modules, "..", resolved.slice("file:".length));
    if (!existsSync(tarball)) {
        throw new UsageError(
            `The package's tarball must still exist to be copied into the project; found nothing at ${tarball} (npm pack creates it)`,
        );
    }
    return { tarball };
}

function readJson<T>(file: string): T {
    return JSON.parse(readFileSync(file, "utf8")) as T;
}
