import type { Books } from "./books.ts";
import type { CheckedBody, Values } from "./body-check.ts";
import { type Company, currencyOf } from "./environment.ts";
import { dialog, invalidRelation, sameKey } from "./errors.ts";
import { type StoredRecord, textOf } from "./store.ts";

/** Customers by the rules of their page. */
export class CustomerService {
  readonly #books: Books;

  constructor(books: Books) {
    this.#books = books;
  }

  create({ values }: CheckedBody, company: Company): StoredRecord {
    const { store, nowMs } = this.#books;
    if (textOf(values, "displayName") === "") throw dialog('A "displayName" must be provided.');
    const given = textOf(values, "number");
    if (given !== "" && !company.allowsCustomerNumbers)
      throw dialog(
        "You may not enter numbers manually. If you want to enter numbers manually, please activate Manual Nos. in No. Series CUST.",
      );
    const number = given === "" ? `C${store.takeNumber(`${company.id} C`, 10)}` : given;
    if (store.findBy("customers", company.id, "number", number) !== undefined)
      throw sameKey("Customer", `No.='${number}'`);
    this.#check(values, company);
    return store.create({
      set: "customers",
      company: company.id,
      modifiedMs: nowMs(),
      lines: [],
      applied: "0",
      values: { type: "Company", blocked: " ", ...withCurrency(values, company), number },
    });
  }

  change(record: StoredRecord, { values }: CheckedBody, company: Company): StoredRecord {
    if (values["displayName"] === "") throw dialog('The blank "displayName" is not allowed.');
    this.#check(values, company);
    return this.#books.store.change(record, {
      modifiedMs: this.#books.nowMs(),
      values: { ...record.values, ...withCurrency(values, company) },
    });
  }

  #check(values: Values, company: Company): void {
    const currency = values["currencyCode"];
    if (typeof currency === "string" && currencyOf(company, currency) === undefined)
      throw dialog('The "currencyCode" does not match to a Currency.');
    const terms = textOf(values, "paymentTermsId");
    if (terms !== "" && !company.paymentTerms.some(({ id }) => id === terms))
      throw dialog('The "paymentTermsId" does not match to a Payment Terms.');
    const area = textOf(values, "taxAreaId");
    if (area !== "" && !company.taxAreas.some(({ id }) => id === area))
      throw invalidRelation("Tax Area ID", "Customer", area, "Tax Area Buffer");
    const country = textOf(values, "country");
    if (country !== "" && !company.countries.includes(country))
      throw invalidRelation("Country/Region Code", "Customer", country, "Country/Region");
    const email = textOf(values, "email");
    if (email !== "" && !/^[^@\s]+@[^@\s]+$/.test(email))
      throw dialog(`The email address "${email}" is not valid.`);
  }
}

/** The local currency is shown by its code. */
function withCurrency(values: Values, company: Company): Values {
  return values["currencyCode"] === "" ? { ...values, currencyCode: company.localCurrency.code } : values;
}
