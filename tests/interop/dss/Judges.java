import com.fasterxml.jackson.databind.ObjectMapper;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.simplereport.jaxb.XmlTimestamp;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/**
 * Shows files to two independent judges and prints what they say: DSS, the European Commission's validator of
 * signatures, with its own policy as it stands, and veraPDF, the validator of PDF/A. Nothing is fetched.
 *
 * <p>Arguments: a folder that holds `anchors/` (certificates that are trusted, DER or PEM) and `crls/` (revocation
 * lists), then the files. A line of JSON for each file: its name, the signatures as DSS reports them, and for a PDF the
 * kind of PDF/A that it claims to be, whether it is, and the rules that it breaks.
 */
public final class Judges {

    private final ObjectMapper json = new ObjectMapper();
    private final CommonCertificateVerifier verifier = new CommonCertificateVerifier();

    private Judges(Path folder) throws IOException {
        CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
        for (Path anchor : in(folder.resolve("anchors"))) {
            anchors.addCertificate(DSSUtils.loadCertificate(anchor.toFile()));
        }
        verifier.setTrustedCertSources(anchors);
        verifier.setAIASource(null);
        verifier.setOcspSource(null);
        String[] lists = in(folder.resolve("crls")).stream().map(Path::toString).toArray(String[]::new);
        verifier.setCrlSource(new ExternalResourcesCRLSource(
                Stream.of(lists).map(Judges::open).toArray(java.io.InputStream[]::new)));
    }

    public static void main(String[] arguments) throws Exception {
        Locale.setDefault(Locale.ENGLISH);
        VeraGreenfieldFoundryProvider.initialise();
        Judges judges = new Judges(Path.of(arguments[0]));
        for (int i = 1; i < arguments.length; i++) {
            File file = new File(arguments[i]);
            Map<String, Object> said = new LinkedHashMap<>();
            said.put("file", file.getName());
            said.put("signatures", judges.signatures(file));
            if (file.getName().endsWith(".pdf")) {
                said.put("pdfa", pdfa(file));
            }
            System.out.println(judges.json.writeValueAsString(said));
        }
    }

    private List<Map<String, Object>> signatures(File file) throws IOException {
        SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(file));
        validator.setCertificateVerifier(verifier);
        validator.setLocale(Locale.ENGLISH);
        Reports reports = validator.validateDocument();
        SimpleReport report = reports.getSimpleReport();
        List<Map<String, Object>> all = new ArrayList<>();
        for (String id : report.getSignatureIdList()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("by", report.getSignedBy(id));
            one.put("indication", String.valueOf(report.getIndication(id)));
            one.put("why", String.valueOf(report.getSubIndication(id)));
            one.put("level", String.valueOf(report.getSignatureFormat(id)));
            one.put("timestamps", report.getSignatureTimestamps(id).stream().map(Judges::timestamp).toList());
            one.put("roles", reports.getDiagnosticData().getSignatureById(id).getSignerRoles().stream()
                    .map(each -> each.getRole()).toList());
            one.put("commitments", reports.getDiagnosticData().getSignatureById(id)
                    .getCommitmentTypeIndications().stream().map(each -> each.getIdentifier()).toList());
            one.put("errors", report.getAdESValidationErrors(id).stream().map(each -> each.getValue()).toList());
            one.put("warnings", report.getAdESValidationWarnings(id).stream().map(each -> each.getValue()).toList());
            all.add(one);
        }
        return all;
    }

    private static Map<String, Object> timestamp(XmlTimestamp token) {
        Map<String, Object> said = new LinkedHashMap<>();
        said.put("by", token.getProducedBy());
        said.put("indication", String.valueOf(token.getIndication()));
        said.put("why", String.valueOf(token.getSubIndication()));
        said.put("at", token.getProductionTime().toInstant().toString());
        return said;
    }

    private static Map<String, Object> pdfa(File file) throws Exception {
        Map<String, Object> said = new LinkedHashMap<>();
        try (var parser = Foundries.defaultInstance().createParser(file);
                var validator = Foundries.defaultInstance().createValidator(parser.getFlavour(), false)) {
            ValidationResult result = validator.validate(parser);
            TreeSet<String> broken = new TreeSet<>();
            for (TestAssertion each : result.getTestAssertions()) {
                if (each.getStatus() == TestAssertion.Status.FAILED) {
                    broken.add(each.getRuleId().getClause() + "-" + each.getRuleId().getTestNumber() + " "
                            + each.getMessage());
                }
            }
            said.put("claims", parser.getFlavour().toString());
            said.put("is", result.isCompliant());
            said.put("broken", broken);
        }
        return said;
    }

    private static java.io.InputStream open(String path) {
        try {
            return Files.newInputStream(Path.of(path));
        } catch (IOException problem) {
            throw new java.io.UncheckedIOException(problem);
        }
    }

    private static List<Path> in(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }
}
