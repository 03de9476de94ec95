import { BASE_SCOPES, SECRETS_SCOPE } from "../../infra/defaults";
import { tableRows } from "../helpers/markdown";
import { declareJob } from "./declared-stack";

const PAGE = "docs/security.md";
const VERSION = "projects/other/secrets/api-key/versions/3";

/** The first cell of each row, without its code marks. */
const names = (firstHeader: string) => tableRows(PAGE, firstHeader).map(([cell = ""]) => cell.replaceAll("`", ""));

describe("docs/security.md", () => {
    it("lists every role that the stack grants the VM's account, and no other", async () => {
        const { resources } = await declareJob({ secretEnv: JSON.stringify({ API_KEY: VERSION }) });
        const granted = resources.flatMap(({ inputs }) => (typeof inputs.role === "string" ? [inputs.role] : []));

        expect(granted.length).toBeGreaterThan(5);
        expect(names("role").sort()).toEqual([...new Set(granted)].sort());
    });

    it("says for every role what uses it and why it is not less", () => {
        const cells = tableRows(PAGE, "role");

        expect(cells.filter((row) => row.length !== 4 || row.some((cell) => cell === ""))).toEqual([]);
    });

    it("lists every OAuth scope of a VM, and no other", () => {
        const scopes = [...BASE_SCOPES, SECRETS_SCOPE].map((scope) => scope.replace(/^.*\/auth\//, ""));

        expect(names("scope")).toEqual(scopes);
    });
});
