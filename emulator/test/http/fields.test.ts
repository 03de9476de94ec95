import { applyFields } from "../../src/http/fields";

const listing = {
    kind: "storage#objects",
    nextPageToken: "t",
    items: [
        { name: "a", size: "1", metadata: { x: "1", y: "2" } },
        { name: "b", size: "2" },
    ],
};

describe("the fields mask", () => {
    it.each([
        ["kind", { kind: "storage#objects" }],
        ["items/name", { items: [{ name: "a" }, { name: "b" }] }],
        [
            "items(name,metadata/x),nextPageToken",
            { nextPageToken: "t", items: [{ name: "a", metadata: { x: "1" } }, { name: "b" }] },
        ],
        [
            "items/name,items/size",
            {
                items: [
                    { name: "a", size: "1" },
                    { name: "b", size: "2" },
                ],
            },
        ],
        ["*", listing],
        ["items/*", { items: listing.items }],
        ["prefixes", {}],
    ])("%s selects the expected fields", (mask, selected) => {
        expect(applyFields(listing, mask)).toEqual(selected);
    });

    it.each(["", "a(b", "a,,b", "a)", "a//b"])("rejects %j with 400", (mask) => {
        expect(() => applyFields(listing, mask)).toThrow(expect.objectContaining({ code: 400 }));
    });
});
